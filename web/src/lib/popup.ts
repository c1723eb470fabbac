// v-popup: a <details> that closes when the focus or a click goes elsewhere, or on Escape.
import type { Directive } from 'vue'

type Popup = HTMLDetailsElement & { away?: (event: Event) => void }
export const vPopup: Directive<Popup> = {
  mounted(element) {
    element.away = (event) => {
      if (!element.open) return
      if (event instanceof KeyboardEvent) {
        if (event.key !== 'Escape') return
        element.open = false
        element.querySelector('summary')?.focus()
      } else if (!element.contains(event.target as Node) || (event.type === 'click' && (event.target as HTMLElement).closest('.menu'))) element.open = false
    }
    for (const kind of ['click', 'focusin', 'keydown']) document.addEventListener(kind, element.away)
  },
  unmounted(element) {
    for (const kind of ['click', 'focusin', 'keydown']) document.removeEventListener(kind, element.away!)
  },
}
