import { createRouter, createWebHistory } from 'vue-router'
import { home } from './lib/api'
import { session } from './lib/session'
import type { Word } from './lib/words'

declare module 'vue-router' {
  interface RouteMeta {
    word?: Word
    bare?: boolean
    open?: boolean
    /** Needs no post. */
    desk?: boolean
    /** What of the query makes it another page, with a tab of its own: of which unit a document is, what a new record begins with. */
    tab?: string[]
  }
}

export const router = createRouter({
  history: createWebHistory(home),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', redirect: '/work' },
    { path: '/sign-in', component: () => import('./pages/SignIn.vue'), meta: { word: 'Sign in', bare: true, open: true } },
    { path: '/password', component: () => import('./pages/FirstPassword.vue'), meta: { word: 'Set your password', bare: true, open: true } },
    { path: '/screen', component: () => import('./pages/BigScreen.vue'), meta: { word: 'Big screen', bare: true } },
    { path: '/work', component: () => import('./pages/Workplace.vue'), meta: { word: 'Workplace' } },
    { path: '/flow', redirect: '/flow/todo' },
    { path: '/flow/:tab', component: () => import('./pages/FlowPage.vue') },
    { path: '/board', component: () => import('./pages/BoardPage.vue'), meta: { word: 'The board' } },
    { path: '/list/:type', component: () => import('./pages/ListPage.vue') },
    { path: '/new/:type', component: () => import('./pages/FormPage.vue'), meta: { tab: ['with'] } },
    { path: '/record/:type/:id(\\d+)', component: () => import('./pages/RecordPage.vue') },
    { path: '/meeting/:id(\\d+)', component: () => import('./rooms/MeetingRoom.vue') },
    { path: '/ballot/:id(\\d+)', component: () => import('./rooms/BallotPage.vue'), meta: { word: 'Secret ballot' } },
    { path: '/ledger', component: () => import('./rooms/LedgerPage.vue'), meta: { word: 'Ledger of supervised matters' } },
    { path: '/tables', component: () => import('./rooms/TablesPage.vue'), meta: { word: 'Tables asked from the base' } },
    { path: '/tables/:id(\\d+)', component: () => import('./rooms/TablePage.vue') },
    { path: '/figures', component: () => import('./pages/FiguresPage.vue'), meta: { word: 'Figures' } },
    { path: '/figures/:code', component: () => import('./pages/FigurePage.vue') },
    { path: '/ranking/:scheme?', component: () => import('./pages/RankingPage.vue'), meta: { word: 'Ranking' } },
    { path: '/reports/:code?', component: () => import('./pages/ReportPage.vue'), meta: { word: 'Reports', tab: ['unit'] } },
    { path: '/issued/:type/:id(\\d+)', component: () => import('./pages/ReportPage.vue') },
    { path: '/lights', component: () => import('./pages/LightsPage.vue'), meta: { word: 'Supervision list' } },
    { path: '/search', component: () => import('./pages/SearchPage.vue'), meta: { word: 'Search' } },
    { path: '/imports', component: () => import('./pages/ImportsPage.vue'), meta: { word: 'Excel exchange' } },
    { path: '/import/:type', component: () => import('./pages/ImportPage.vue') },
    { path: '/model', component: () => import('./pages/ModelPage.vue'), meta: { word: 'Model change preview' } },
    { path: '/trust', component: () => import('./pages/TrustPage.vue'), meta: { word: 'Trust', desk: true } },
    { path: '/accounts', component: () => import('./pages/AccountsPage.vue'), meta: { word: 'Accounts', desk: true } },
    { path: '/account', component: () => import('./pages/AccountPage.vue'), meta: { word: 'My account', desk: true } },
    { path: '/:rest(.*)*', component: () => import('./pages/NothingHere.vue'), meta: { word: 'Nothing here' } },
  ],
})

router.beforeEach((to) => {
  if (!session.loaded || to.meta.open) return true
  if (session.is.device && to.path === `/${session.is.device.page}`) return true
  if (session.is.signed_in && !session.is.identity && !to.meta.desk) return '/accounts'
  return session.is.signed_in ? true : { path: '/sign-in', query: { to: to.fullPath } }
})
