import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig, type Plugin } from 'vite'

// The binary serves dist/ under /assets with immutable names; in development its API is reached through the proxy.
const server = process.env.YIPAN_SERVER ?? 'http://127.0.0.1:8080'

// What a browser must have before the workplace stands: the entry, the workplace, and all they import at once.
const firstPageBytesMost = 300 * 1024
function lightFirstPage(): Plugin {
  return {
    name: 'light-first-page',
    generateBundle(_options, bundle) {
      const needed = new Set<string>()
      const take = (file: string): void => {
        const chunk = bundle[file]
        if (needed.has(file) || chunk?.type !== 'chunk') return
        needed.add(file)
        chunk.imports.forEach(take)
      }
      for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk' && (chunk.isEntry || /Workplace/.test(chunk.facadeModuleId ?? ''))) take(chunk.fileName)
      const bytes = [...needed].reduce((sum, file) => sum + gzipSync((bundle[file] as { code: string }).code).length, 0)
      if (bytes > firstPageBytesMost) this.error(`the first page needs ${bytes} bytes of scripts (gzip), more than ${firstPageBytesMost}: load something later`)
      this.info(`the first page needs ${Math.round(bytes / 1024)} KB of scripts (gzip)`)
    },
  }
}

export default defineConfig({
  base: '/',
  plugins: [vue(), lightFirstPage(), Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver()] })],
  server: { proxy: { '^/b/[^/]+/api': { target: server, changeOrigin: true } } },
  build: {
    target: 'es2020',
    // No inline data: the content security policy allows files of this server only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      output: {
        manualChunks: (id) =>
          /node_modules\/(echarts|zrender)\//.test(id) ? 'charts' : /node_modules\/(ol|rbush|earcut|pbf)\//.test(id) ? 'map' : undefined,
      },
    },
  },
})
