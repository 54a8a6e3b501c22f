/** What the colours and numbers mean, and what the system can't know. */
import './help.css';
import { useEffect } from 'preact/hooks';
import { lang } from '../i18n';
import { legendOf } from '../map/legend';
import { entryWord } from '../map/messages';
import { DotSwatch, LineSwatch } from '../map/Swatch';
import { LANG_FIELD } from '../map/words';
import { shellMessages } from '../messages';
import { href, route } from '../router';
import { about } from '../session';
import { type Block, CONTENT, type Legend } from './content';

export function HelpPage() {
  const sections = CONTENT[lang.value];
  const [part] = route.value.parts;
  useEffect(() => {
    if (part) document.getElementById(part)?.scrollIntoView();
  }, [part]);
  return (
    <article class="help">
      <h1>{shellMessages('help')}</h1>
      <nav aria-label={shellMessages('help')}>
        <ul>
          {sections.map(({ id, title }) => (
            <li key={id}>
              <a href={href(`uitleg/${id}`)}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      {sections.map(({ id, title, blocks }) => (
        <section key={id} id={id} aria-labelledby={`${id}-title`}>
          <h2 id={`${id}-title`}>{title}</h2>
          {blocks.map((block) => (
            <Part key={JSON.stringify(block)} block={block} />
          ))}
        </section>
      ))}
    </article>
  );
}

function Part({ block }: { block: Block }) {
  if (typeof block === 'string') return <p>{block}</p>;
  if ('legend' in block) return <LegendPart of={block.legend} />;
  return (
    <dl>
      {block.list.map(([term, meaning]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The legend as the map has it, once the server has said what it tells apart. */
function LegendPart({ of }: { of: Legend }) {
  const server = about.value;
  if (!server) return null;
  if (of === 'defects') {
    return (
      <ul class="help-legend">
        {server.classes.map((one) => (
          <li key={one.name}>
            <DotSwatch colour={one.colour} /> {one[LANG_FIELD()]}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <ul class="help-legend">
      {legendOf(of, server.grades).map((entry) => (
        <li key={entry.word}>
          <LineSwatch entry={entry} /> {entryWord(entry.word)}
        </li>
      ))}
    </ul>
  );
}
