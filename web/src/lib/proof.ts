// A proof, saved byte for byte as the server signed it.
import { address, Problem, type Ask, type Fault } from './api'
import { failed } from './say'

export async function takeProof(path: string, query: Ask['query'] = {}, otherwise = 'checkpoint.txt'): Promise<void> {
  try {
    const response = await fetch(address(path, query), { credentials: 'same-origin' })
    const text = await response.text()
    if (!response.ok) {
      const said = JSON.parse(text) as { detail?: string; errors?: Fault[] }
      throw new Problem(response.status, said.detail ?? response.statusText, said.errors ?? [], said as Record<string, unknown>)
    }
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: response.headers.get('Content-Type') ?? 'text/plain' }))
    link.download = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? otherwise
    link.click()
    URL.revokeObjectURL(link.href)
  } catch (error) {
    failed(error)
  }
}
