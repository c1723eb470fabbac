// One thing done at the server, then everything read anew: what was refused stands on the page with all its faults, what failed is said in passing.
import { shallowRef, type Ref } from 'vue'
import { Problem } from './api'
import { done, failed } from './say'

export interface Jobs {
  wrong: Ref<Problem | null>
  job: (what: () => Promise<unknown>, word: string) => Promise<boolean>
}

export function useJob(after: () => Promise<unknown>): Jobs {
  const wrong = shallowRef<Problem | null>(null)
  async function job(what: () => Promise<unknown>, word: string): Promise<boolean> {
    wrong.value = null
    try {
      await what()
      done(word)
      await after()
      return true
    } catch (error) {
      if (error instanceof Problem && error.faults.length) wrong.value = error
      else failed(error)
      return false
    }
  }
  return { wrong, job }
}
