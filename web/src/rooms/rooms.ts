// Pages that modules bring along for types of their own. Everything else is drawn from the model; here alone a type is known by name,
// and only where the model has it.
import { model, typeOf } from '../lib/model'
import type { Word } from '../lib/words'

/** A page of its own for one record of a type. */
const ofRecord: Record<string, { path: (id: number) => string; word: Word; needs: string[] }> = {
  table_form: { path: (id) => `/tables/${id}`, word: 'Fill the table', needs: ['table_filling', 'table_answer'] },
  meeting: { path: (id) => `/meeting/${id}`, word: 'Hold the meeting', needs: ['agenda_item', 'attendance'] },
}
/** Pages in the menu, below their module. */
const inMenu: { path: string; word: Word; needs: string[] }[] = [
  { path: '/ledger', word: 'Ledger of supervised matters', needs: ['task'] },
  { path: '/tables', word: 'Tables asked from the base', needs: ['table_form', 'table_field', 'data_item'] },
]
const there = (needs: string[]) => needs.every((code) => typeOf(code) && typeOf(code)!.may.list !== false)
/** The records that keep issued documents are read as documents. */
const documents = (type: string) => (model.value.reports.some((one) => one.filed_as === type) ? { path: (id: number) => `/issued/${type}/${id}`, word: 'Read the document' as Word } : null)
export const roomOf = (type: string) => documents(type) ?? (ofRecord[type] && there([type, ...ofRecord[type].needs]) ? ofRecord[type] : null)
export const roomsOf = (module: string) => inMenu.filter((one) => there(one.needs) && typeOf(one.needs[0])?.module === module)
