// A browser as people call it, from what it says of itself.
const browsers: [RegExp, string][] = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/QQBrowser/, 'QQ'], [/360[ES]E|QIHU/, '360'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']]
const systems: [RegExp, string][] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']]
const first = (table: [RegExp, string][], text: string) => table.find(([pattern]) => pattern.test(text))?.[1]
export const agentName = (text?: string | null) => (text ? [first(browsers, text), first(systems, text)].filter(Boolean).join(' · ') || text.slice(0, 40) : '')
