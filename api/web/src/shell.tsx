/** The frame around every page: header, navigation, settings, and the page that the address names. */
import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { personName } from './api';
import { LANGS, type Lang, lang, percent } from './i18n';
import { shellMessages as t } from './messages';
import { HELP, PAGES, type Page } from './pages';
import { href, route } from './router';
import { about, aboutError, loadAbout } from './session';
import { THEMES, type Theme, theme } from './theme';
import { Button } from './ui/Button';
import { Dialog } from './ui/Dialog';
import { Field, Select } from './ui/Field';
import { Icon } from './ui/Icon';
import { Empty, Failed, Loading } from './ui/States';
import { Toasts } from './ui/Toast';
import { activity } from './upload/activity';

const START = 'kaart';
const LANG_NAMES: Record<Lang, string> = { nl: 'Nederlands', en: 'English' };

export function Shell() {
  const { page: path } = route.value;
  const page = [...PAGES, HELP].find((candidate) => candidate.path === (path || START));
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) main.current?.focus({ preventScroll: true });
    if (shown.current !== path) scrollTo(0, 0);
    shown.current = path;
  }, [path]);
  const title = about.value?.title ?? 'Schouw';
  useEffect(() => {
    document.title = page ? `${t(page.title)} · ${title}` : title;
  }, [page, title, lang.value]);
  const denied = aboutError.value?.status === 401 || aboutError.value?.status === 403 ? aboutError.value : undefined;
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: a link, as screen readers list it; # is the app's place */}
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('skip')}
      </a>
      <Header title={title} current={page?.path} />
      <main id="main" ref={main} tabIndex={-1} class={page?.wide ? 'wide' : 'column'}>
        {denied ? (
          <Failed error={denied} retry={() => void loadAbout()} />
        ) : page ? (
          <PageView key={page.path} page={page} />
        ) : (
          <Nowhere />
        )}
      </main>
      <Toasts />
    </>
  );
}

function Header({ title, current }: { title: string; current: string | undefined }) {
  const [open, setOpen] = useState(false);
  const person = about.value?.person;
  const name = about.value?.open ? personName.value || t('nameless') : (person?.name ?? '');
  return (
    <>
      <header class="header">
        <a class="brand" href={href(START)}>
          <img src="./icon.svg" alt="" width="28" height="28" />
          <span>{title}</span>
        </a>
        <nav class="nav" aria-label={t('nav')}>
          <ul>
            {PAGES.map((page) => (
              <li key={page.path}>
                <a href={href(page.path)} aria-current={page.path === current ? 'page' : undefined}>
                  <Icon name={page.icon} />
                  <span>
                    {t(page.title)}
                    {page.path === 'insturen' && <Share />}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="header-end">
          <a
            class="button quiet icon-only"
            href={href(HELP.path)}
            title={t('help')}
            aria-current={current === HELP.path ? 'page' : undefined}
          >
            <Icon name="help" />
            <span class="visually-hidden">{t('help')}</span>
          </a>
          <button type="button" class="button quiet who" onClick={() => setOpen(true)} aria-haspopup="dialog">
            <Icon name="gear" />
            <span class="visually-hidden">{t('settings')}: </span>
            <span class="who-name">{name}</span>
          </button>
        </div>
      </header>
      {open && <SettingsDialog onClose={() => setOpen(false)} />}
    </>
  );
}

/** How far sending is, while another page is read. */
function Share() {
  const now = activity.value;
  return now && <span class="nav-share"> {percent(now.sent / now.size)}</span>;
}

function SettingsDialog({ onClose }: { onClose: () => void }) {
  const server = about.value;
  const themes: Record<Theme, string> = { auto: t('themeAuto'), light: t('themeLight'), dark: t('themeDark') };
  return (
    <Dialog
      title={t('settings')}
      onClose={onClose}
      actions={<Button look="primary" label={t('close')} onClick={onClose} />}
    >
      {server?.open && (
        <Field
          label={t('person')}
          hint={t('personHint')}
          value={personName.value}
          maxLength={100}
          autoComplete="name"
          onInput={(event) => {
            personName.value = event.currentTarget.value;
          }}
        />
      )}
      {server && !server.open && (
        <p>
          {t('loggedIn', { name: server.person.name })} ({t(`role_${server.person.role}`)})
        </p>
      )}
      <Select
        label={t('language')}
        value={lang.value}
        options={LANGS.map((value) => ({ value, label: LANG_NAMES[value] }))}
        onChange={(event) => {
          lang.value = event.currentTarget.value as Lang;
        }}
      />
      <Select
        label={t('theme')}
        value={theme.value}
        options={THEMES.map((value) => ({ value, label: themes[value] }))}
        onChange={(event) => {
          theme.value = event.currentTarget.value as Theme;
        }}
      />
    </Dialog>
  );
}

/** A page of its own file; what was once loaded appears at once. */
const loaded = new Map<string, ComponentType>();

function PageView({ page }: { page: Page }) {
  const [failed, setFailed] = useState(false);
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    if (loaded.has(page.path)) return;
    page.load().then(
      // before the first paint
      (component) => {
        loaded.set(page.path, component);
        redraw((before) => before + 1);
      },
      () => setFailed(true),
    );
  }, []);
  const Component = loaded.get(page.path);
  if (Component) return <Component />;
  // A newer version of the app has other files than this page knows: then only loading all of it helps.
  return failed ? <Failed error={new Error(t('pageFailed'))} retry={() => location.reload()} /> : <Loading />;
}

function Nowhere() {
  return (
    <Empty title={t('notFound')}>
      <p>{t('notFoundText')}</p>
      <a class="button primary" href={href(START)}>
        {t('toMap')}
      </a>
    </Empty>
  );
}
