// How the page looks: one heading for each name, below it what it is, what it takes and what it gives.

import { ReflectionKind } from 'typedoc'
import { MarkdownTheme, MarkdownThemeContext, ModuleRouter } from 'typedoc-plugin-markdown'

const tags = { '@defaultValue': 'Default', '@example': 'Example', '@throws': 'Throws', '@see': 'See' }

export class OnePageTheme extends MarkdownTheme {
  getRenderContext(page) {
    const context = new MarkdownThemeContext(this, page, this.application.options)
    context.partials = { ...context.partials, ...partialsOf(context) }
    return context
  }
}

/** The anchors of headings, as GitHub makes them. */
export class OnePageRouter extends ModuleRouter {
  buildPages(project) {
    const pages = super.buildPages(project)
    const count = new Map()
    for (const reflection of project.children.flatMap((child) => [child, ...(child.children ?? [])])) {
      if (reflection.kindOf(ReflectionKind.Constructor)) continue
      const slug = titleOf(reflection)
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-')
      const before = count.get(slug) ?? 0
      count.set(slug, before + 1)
      const anchor = before === 0 ? slug : `${slug}-${before}`
      this.anchors.set(reflection, anchor)
      this.fullUrls.set(reflection, `${this.fullUrls.get(project)}#${anchor}`)
    }
    return pages
  }
}

function titleOf(reflection) {
  const isCalled = reflection.kindOf(ReflectionKind.FunctionOrMethod)
  return isCalled ? `${reflection.name}()` : reflection.name
}

function partialsOf({ partials, helpers }) {
  const textOf = (parts) => helpers.getCommentParts(parts ?? []).trim()

  const item = (title, text) => `- ${title}: ${text.replaceAll('\n', '\n  ')}`

  const tagsOf = (comment) =>
    Object.entries(tags).flatMap(([tag, title]) =>
      (comment?.blockTags ?? [])
        .filter((one) => one.tag === tag)
        .map((one) => item(title, textOf(one.content)))
    )

  const paragraphs = (...texts) => texts.filter(Boolean).join('\n\n')

  const comment = (model) => paragraphs(textOf(model?.summary), tagsOf(model).join('\n'))

  function signature(model) {
    // What calls an interface is told by the interface.
    const about = model.parent.kindOf(ReflectionKind.Interface)
      ? undefined
      : (model.comment ?? model.parent.comment)
    const list = (model.parameters ?? []).flatMap(({ name, comment }) =>
      comment ? [item(`\`${name.replace(/^_/, '')}\``, textOf(comment.summary))] : []
    )
    const returned = about?.getTag('@returns')
    if (returned) list.push(item('Returns', textOf(returned.content)))
    return paragraphs(
      partials.signatureTitle(model),
      textOf(about?.summary),
      [...list, ...tagsOf(about)].join('\n')
    )
  }

  const signatures = ({ signatures }) => signatures.map(signature).join('\n\n')

  return {
    comment,
    signature,
    signatures,
    constructor: signatures,
    memberTitle: (model) => titleOf(model).replaceAll('_', '\\_'),
    declaration: (model) => paragraphs(partials.declarationTitle(model), comment(model.comment)),
    accessor: ({ name, getSignature, setSignature }) =>
      paragraphs(
        `> **${name}**: ${partials.someType(getSignature.type)}`,
        comment(getSignature.comment ?? setSignature?.comment)
      ),
    groups: (model, options) =>
      model.groups.map(({ children }) => partials.members(children, options)).join('\n\n'),
    hierarchy: () => '',
    inheritance: () => ''
  }
}
