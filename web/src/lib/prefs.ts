// Small habits of one browser: language, theme, money unit per column, columns of a list. The language goes with the person as well (session.ts).
import { reactive, watch } from 'vue'

export type Language = 'hans' | 'hant' | 'en'

interface Prefs {
  language: Language
  dark: boolean
  dense: boolean
  menu: boolean
  tree: boolean
  closedModules: string[]
  columns: Record<string, string[]>
  money: Record<string, string>
  size: number
  recent: Record<string, { id: number; title: string }[]>
}

const fresh: Prefs = {
  language: navigator.language.startsWith('en') ? 'en' : /hant|tw|hk|mo/i.test(navigator.language) ? 'hant' : 'hans',
  dark: false,
  dense: true,
  menu: true,
  tree: innerWidth > 900,
  closedModules: [],
  columns: {},
  money: {},
  size: 20,
  recent: {},
}

function read(): Prefs {
  try {
    return { ...fresh, ...JSON.parse(localStorage.getItem('yipan.prefs') ?? '{}') }
  } catch {
    return { ...fresh }
  }
}

export const prefs = reactive<Prefs>(read())
watch(prefs, () => localStorage.setItem('yipan.prefs', JSON.stringify(prefs)), { deep: true })

const tags = { hans: 'zh-Hans', hant: 'zh-Hant', en: 'en' }
export const languageTag = () => tags[prefs.language]
