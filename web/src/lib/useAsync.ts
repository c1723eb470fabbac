// Loading, refused, there: every page knows its states. A newer question makes the older answer worthless.
import { ref, shallowRef, type Ref } from 'vue'
import { Problem } from './api'

export interface Loaded<T> {
  data: Ref<T | null>
  problem: Ref<Problem | null>
  busy: Ref<boolean>
  load: () => Promise<void>
}

export function useAsync<T>(ask: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const busy = ref(false)
  let turn = 0
  async function load(): Promise<void> {
    const mine = ++turn
    busy.value = true
    try {
      const answer = await ask()
      if (mine !== turn) return
      data.value = answer
      problem.value = null
    } catch (error) {
      if (mine !== turn) return
      problem.value = error instanceof Problem ? error : new Problem(0, (error as Error).message, [], {})
    } finally {
      if (mine === turn) busy.value = false
    }
  }
  return { data, problem, busy, load }
}
