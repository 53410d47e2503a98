/**
 * Milliseconds since 1970 to and from RFC 3339 UTC with milliseconds, the one spelling of a time in the log.
 *
 * Core has no Date. Source: RFC 3339 section 5.6; the proleptic Gregorian calendar counted in eras of 400 years.
 * Leaves to others: which clock the milliseconds come from.
 */
import { PlexusError } from '../base/error.js';

const DAY_MS = 86_400_000;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAY = 719_468;
const ERA_DAYS = 146_097;
const FORM = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})\.(\d{3})Z$/;

/** Errors: bug/STATE_UNEXPECTED outside the years 1970..9999. */
export function rfc3339(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0 || ms >= 253_402_300_800_000)
    throw new PlexusError(
      'STATE_UNEXPECTED',
      'time: expected whole milliseconds before year 10000',
    );
  const { year, month, day } = dateOf(Math.floor(ms / DAY_MS));
  const rest = ms % DAY_MS;
  const hours = Math.floor(rest / 3_600_000);
  const minutes = Math.floor(rest / 60_000) % 60;
  const seconds = Math.floor(rest / 1000) % 60;
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return `${date}T${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(rest % 1000, 3)}Z`;
}

/** The milliseconds, or undefined for another spelling or a day that does not exist. Total on peer input. */
export function parseRfc3339(text: string): number | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, thousandths = 0] = match
    .slice(1)
    .map(Number);
  if (year < 1970 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const ms =
    dayOf(year, month, day) * DAY_MS +
    hours * 3_600_000 +
    minutes * 60_000 +
    seconds * 1000 +
    thousandths;
  return rfc3339(ms) === text ? ms : undefined; // 30 February comes back as another day
}

/** The year starts in March, so that the leap day is its last: month lengths then follow one line, ⌊(153 m + 2) / 5⌋. */
function dateOf(dayNumber: number): { year: number; month: number; day: number } {
  const shifted = dayNumber + EPOCH_DAY;
  const era = Math.floor(shifted / ERA_DAYS);
  const inEra = shifted - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36_524) - Math.floor(inEra / 146_096)) /
      365,
  );
  const inYear =
    inEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * inYear + 2) / 153);
  const day = inYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function dayOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const inYear = Math.floor((153 * fromMarch + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * ERA_DAYS + yearOfEra * 365 + leaps + inYear - EPOCH_DAY;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
