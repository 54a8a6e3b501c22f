/** How far something is. Without `value` it is busy, nobody knows for how long. `text` says it in words, below. */
export function ProgressBar({
  label,
  value,
  max = 1,
  text,
}: {
  label: string;
  value?: number | null;
  max?: number;
  text?: string;
}) {
  return (
    <div class="progress">
      <progress aria-label={label} max={max} {...(value === undefined || value === null ? {} : { value })} />
      {text && <span class="progress-text">{text}</span>}
    </div>
  );
}
