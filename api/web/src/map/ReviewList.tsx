/** What people said of defects, newest first. */
import { dateTime } from '../i18n';
import type { DamageClass } from '../types';
import { mapMessages as t, word } from './messages';
import type { Review } from './types';
import { addressOf } from './view';
import { LANG_FIELD } from './words';

interface Props {
  reviews: readonly Review[];
  classes: readonly DamageClass[];
  /** All are of the one defect that is shown. */
  one?: boolean;
}

export function ReviewList({ reviews, classes, one }: Props) {
  if (reviews.length === 0) return null;
  const newest = [...reviews].sort((a, b) => b.id - a.id);
  const nameOf = (name: string | null): string => classes.find((each) => each.name === name)?.[LANG_FIELD()] ?? '';
  return (
    <>
      <h3>{t('reviews')}</h3>
      <ul class="map-reviews">
        {newest.map((review) => (
          <li key={review.id}>
            {!one && (
              <>
                <a href={addressOf({ defect: review.defect })}>
                  {t('defect')} {review.defect}
                </a>
                {': '}
              </>
            )}
            {t('reviewedBy', {
              what: word('decision', review.decision),
              who: review.person,
              date: dateTime(review.at_utc),
            })}
            {review.class && ` → ${nameOf(review.class)}`}
            {review.note && <q>{review.note}</q>}
          </li>
        ))}
      </ul>
    </>
  );
}
