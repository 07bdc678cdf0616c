'use strict'

// For stores that keep their sessions in the memory or in the files of the app itself: there is no server to start.
exports.title = 'none'

exports.start = async (folder) => ({ url: folder })

exports.part = async (url) => url
