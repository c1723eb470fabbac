// 左树右表: the tree a list may be narrowed by. Which one follows from the model: a type that names units of a forest, or is one itself.
import { shallowReactive } from 'vue'
import { get } from './api'
import { kindOf, model, typeOf, type Type } from './model'
import { today } from './session'
import { reference, type List } from './types'

export interface Node {
  id: number
  title: string
  key: string
  children: Node[]
}
export interface TreeOf {
  /** The link type whose records are the branches, with its two fields. */
  link: string
  parent: string
  child: string
  unit: string
  /** The field that names the unit; null where the listed records are the units. */
  field: string | null
}
const pages = 10
const page = 200

export function treeOf(type: Type): TreeOf | null {
  for (const forest of model.value.forests ?? []) {
    if (forest.links.some((link) => link.type === type.code)) return null
    for (const link of forest.links) {
      if (link.parent_type !== link.child_type || !typeOf(link.type)?.may.list || !typeOf(link.child_type)?.key) continue
      const at = { link: link.type, parent: link.parent, child: link.child, unit: link.child_type }
      if (link.child_type === type.code) return { ...at, field: null }
      const field = type.fields.find((one) => kindOf(one) === 'reference' && one.target === link.child_type)
      if (field) return { ...at, field: field.code }
    }
  }
  return null
}

async function all(type: string, fields: string): Promise<List['rows']> {
  const rows: List['rows'] = []
  for (let n = 0; n < pages; n++) {
    const answer = await get<List>(`/records/${type}`, { fields, limit: page, offset: n * page, total: 'none' })
    rows.push(...answer.rows)
    if (!answer.more) break
  }
  return rows
}

/** The trees as read, by their link type: read once, until the model is another. */
const read = shallowReactive(new Map<string, { version: unknown; roots: Node[] }>())
export async function rootsOf(tree: TreeOf): Promise<Node[]> {
  const known = read.get(tree.link)
  if (known && known.version === model.value.version) return known.roots
  const key = typeOf(tree.unit)!.key!
  const ends = (typeOf(tree.link)?.fields ?? []).filter((field) => kindOf(field) === 'date').map((field) => field.code)
  const [units, links] = await Promise.all([all(tree.unit, key), all(tree.link, [tree.parent, tree.child, ...ends].join(','))])
  const nodes = new Map(units.map((row) => [row.id, { id: row.id, title: row.title, key: String(row.values[key] ?? ''), children: [] } as Node]))
  const below = new Set<number>()
  for (const row of links) {
    const [from, to] = ends.map((code) => row.values[code] as string | null)
    if ((from && from > today.value) || (to && to < today.value)) continue
    const upper = nodes.get(reference(row.values[tree.parent])?.id ?? 0)
    const lower = nodes.get(reference(row.values[tree.child])?.id ?? 0)
    if (!upper || !lower || below.has(lower.id)) continue
    upper.children.push(lower)
    below.add(lower.id)
  }
  const roots = [...nodes.values()].filter((node) => !below.has(node.id))
  // A unit with something below it before those that stand alone.
  roots.sort((a, b) => Number(b.children.length > 0) - Number(a.children.length > 0))
  read.set(tree.link, { version: model.value.version, roots })
  return roots
}

export function find(roots: Node[], id: number): Node | null {
  for (const node of roots) {
    const found = node.id === id ? node : find(node.children, id)
    if (found) return found
  }
  return null
}
const keysOf = (node: Node, into: string[] = []): string[] => {
  into.push(node.key)
  for (const child of node.children) keysOf(child, into)
  return into
}
const clauseMost = 3000
/** The condition that narrows the list to a unit and what stands below it; `cut` when that is too much for one question and only the unit is asked. */
export function clauseOf(type: Type, tree: TreeOf, node: Node): { text: string; cut: boolean } {
  const path = tree.field ? `${tree.field}.${typeOf(tree.unit)!.key}` : type.key!
  const quoted = keysOf(node).map((key) => `'${key.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`)
  const set = tree.field ? `${tree.field} != null && ` : ''
  const text = `${set}${path} in [${quoted.join(', ')}]`
  return text.length <= clauseMost ? { text, cut: false } : { text: `${set}${path} == ${quoted[0]}`, cut: true }
}
