'use strict'

// MongoDB's wire protocol: a header of four 32-bit numbers (length, id, id answered, kind), then what the kind says.

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

const MORE_TO_COME = 2

/** Reads one message into `{ id, kind, command, silent }`. */
exports.readMessage = (bytes, bson) => {
  const id = bytes.readInt32LE(4)
  const kind = bytes.readInt32LE(12)
  if (kind === OP_QUERY) return { id, kind, command: readQuery(bytes, bson), silent: false }
  if (kind !== OP_MSG) throw new Error(`the stand-in does not know messages of kind ${kind}`)
  const flags = bytes.readUInt32LE(16)
  return { id, kind, command: readSections(bytes, bson), silent: (flags & MORE_TO_COME) !== 0 }
}

/** Writes the answer to a message, in the form that its kind asks for. */
exports.replyTo = ({ id, kind }, answer, bson) => {
  const body = bson.write(answer)
  if (kind === OP_QUERY) {
    // flags, a cursor of 64 bits, the first document's number, the number of documents
    const reply = Buffer.alloc(20)
    reply.writeInt32LE(1, 16)
    return withHeader(OP_REPLY, id, [reply, body])
  }
  // flags, and the kind of the only section
  return withHeader(OP_MSG, id, [Buffer.alloc(5), body])
}

function readQuery(bytes, bson) {
  // flags, the collection's name and its closing zero, two numbers; then the command
  const start = bytes.indexOf(0, 20) + 1 + 8
  return bson.read(bytes.subarray(start, start + bytes.readInt32LE(start)))
}

/** A command is one document, and long lists of documents may stand beside it under their names. */
function readSections(bytes, bson) {
  let command = {}
  const lists = {}
  let at = 20
  while (at < bytes.length) {
    const isList = bytes[at] === 1
    at += 1
    const end = at + bytes.readInt32LE(at)
    if (isList) {
      const nameEnd = bytes.indexOf(0, at + 4)
      lists[bytes.toString('utf8', at + 4, nameEnd)] = readDocuments(bytes, nameEnd + 1, end, bson)
    } else {
      command = bson.read(bytes.subarray(at, end))
    }
    at = end
  }
  return { ...command, ...lists }
}

function readDocuments(bytes, start, end, bson) {
  const documents = []
  for (let at = start; at < end;) {
    const next = at + bytes.readInt32LE(at)
    documents.push(bson.read(bytes.subarray(at, next)))
    at = next
  }
  return documents
}

function withHeader(kind, answered, parts) {
  const header = Buffer.alloc(16)
  const whole = Buffer.concat([header, ...parts])
  whole.writeInt32LE(whole.length, 0)
  whole.writeInt32LE(answered, 8)
  whole.writeInt32LE(kind, 12)
  return whole
}
