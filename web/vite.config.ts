import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vite'

// The binary serves dist/ under /assets with immutable names; in development its API is reached through the proxy.
const server = process.env.YIPAN_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  base: '/',
  plugins: [vue(), Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver()] })],
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
