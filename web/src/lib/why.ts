// Which number is being doubted. One drawer for the whole page answers it.
import { reactive } from 'vue'

export interface Doubt {
  figure: string
  unit?: string | number
  unit_type?: string
  unit_title?: string
  period?: string
  by?: string
}
export const why = reactive<{ open: boolean; about: Doubt | null }>({ open: false, about: null })

export function askWhy(about: Doubt): void {
  why.about = about
  why.open = true
}
