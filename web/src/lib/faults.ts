// What the server refused, put where the reader can mend it.
import type { Fault, Problem } from './api'

export const faultText = (fault: Fault) => fault.message + (fault.hint ? ` (${fault.hint})` : '')

/** The faults of each field; what belongs to no field shown stands under ''. */
export function byField(problem: Problem | null, fields: string[]): Record<string, Fault[]> {
  const found: Record<string, Fault[]> = {}
  for (const fault of problem?.faults ?? []) {
    const last = (fault.where ?? '').split(/[./]/).pop()!.replace(/\[.*/, '')
    const at = fields.includes(fault.where) ? fault.where : fields.includes(last) ? last : ''
    ;(found[at] ??= []).push(fault)
  }
  return found
}
