// The pages that are open, as tabs over the page. A page names its tab itself.
import { reactive, watch } from 'vue'
import type { RouteLocationNormalizedLoaded as Route } from 'vue-router'

export interface Tab {
  /** The address without what only says how one looks at it: `tabOf`. */
  path: string
  /** Where it stands now, with its query. */
  to?: string
  title: string
  pinned?: boolean
}
const stored = () => {
  try {
    return JSON.parse(sessionStorage.getItem('yipan.tabs') ?? '[]') as Tab[]
  } catch {
    return []
  }
}
export const tabs = reactive<{ open: Tab[]; crumbs: { title: string; to?: string }[] }>({ open: stored(), crumbs: [] })
watch(tabs, () => sessionStorage.setItem('yipan.tabs', JSON.stringify(tabs.open)), { deep: true })

/** Which tab a page has: that of its path, and of what in its query makes it another page (meta.tab in router.ts). */
export function tabOf(route: Route): string {
  const asked = (route.meta.tab ?? []).filter((name) => route.query[name]).map((name) => `${name}=${encodeURIComponent(String(route.query[name]))}`)
  return asked.length ? `${route.path}?${asked.join('&')}` : route.path
}

const mostOpen = 16
export function openTab(path: string, title: string): void {
  const found = tabs.open.find((tab) => tab.path === path)
  if (found) found.title = title
  else tabs.open.push({ path, title })
  // The oldest that is not pinned goes when there are too many to read.
  while (tabs.open.length > mostOpen) tabs.open.splice(Math.max(0, tabs.open.findIndex((tab) => !tab.pinned)), 1)
}

/** A page that only leads on to another leaves no tab. */
export function dropTab(path: string): void {
  tabs.open = tabs.open.filter((tab) => tab.path !== path)
}

/** Called by a page as soon as it knows its name: tab, breadcrumb and window title. Below crumbs that say of what it is, a shorter one may do. */
export function namePage(path: string, title: string, crumbs: { title: string; to?: string }[] = [], last = title): void {
  openTab(path, title)
  tabs.crumbs = [...crumbs, { title: last }]
  document.title = title
}
