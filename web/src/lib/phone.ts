// Whether the page stands on a phone. Where a table would be wider than it, what else belongs to a row stands below its name there.
import { ref } from 'vue'

const media = matchMedia('(max-width: 760px)')
export const onPhone = ref(media.matches)
media.addEventListener('change', () => (onPhone.value = media.matches))
