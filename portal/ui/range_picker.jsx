import { useState } from "react";
import { Popover } from "@radix-ui/themes";
import { DayPicker } from "react-day-picker";
import "react-day-picker/style.css";

// Days travel as "YYYY-MM-DD" and never as instants: the visitor's zone must not move them.
const pad = (n) => String(n).padStart(2, "0");
const toText = (d) => (d ? `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}` : "");
const toDay = (text) => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text ?? "")) return undefined;
  const [year, month, day] = text.split("-").map(Number);
  return new Date(year, month - 1, day);
};

/** A button with the chosen days on it, and behind it two date fields and a calendar that say the same. */
export function RangePopover({ label, start, end, latest, maxDays, words, onRange }) {
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState({ start, end });
  const toggle = (next) => {
    if (next) setDraft({ start, end });
    setOpen(next);
  };
  const problem = problemOf(draft, maxDays, words);
  const apply = (event) => {
    event.preventDefault();
    if (problem) return;
    setOpen(false);
    onRange?.(draft.start, draft.end);
  };
  return (
    <Popover.Root open={open} onOpenChange={toggle}>
      <Popover.Trigger>
        <button type="button" className="ui-button ui-range-button">
          <CalendarIcon />
          {label}
        </button>
      </Popover.Trigger>
      <Popover.Content align="end" maxWidth="min(94vw, 340px)" aria-label={words.choose}>
        <form className="ui-range-form" onSubmit={apply} noValidate>
          <div className="ui-range-fields">
            <DateField label={words.from} value={draft.start} max={latest} onValue={(v) => setDraft({ ...draft, start: v })} />
            <DateField label={words.to} value={draft.end} max={latest} onValue={(v) => setDraft({ ...draft, end: v })} />
          </div>
          <DayPicker
            mode="range"
            resetOnSelect
            weekStartsOn={1}
            captionLayout="dropdown"
            showOutsideDays
            {...namesIn(words.locale)}
            fixedWeeks
            selected={{ from: toDay(draft.start), to: toDay(draft.end) }}
            onSelect={(range) => setDraft({ start: toText(range?.from), end: toText(range?.to) })}
            defaultMonth={toDay(draft.end) ?? toDay(latest)}
            startMonth={new Date(2000, 0)}
            endMonth={toDay(latest)}
            disabled={latest ? [{ after: toDay(latest) }] : []}
          />
          <div className="ui-range-foot">
            <span className="ui-hint" role="status">
              {problem}
            </span>
            <button type="submit" className="ui-button ui-button--primary" disabled={Boolean(problem)}>
              {words.show}
            </button>
          </div>
        </form>
      </Popover.Content>
    </Popover.Root>
  );
}

/** Names of days and months in another language than English, which the calendar has by itself. */
function namesIn(locale) {
  if (locale === "en-GB") return {};
  const named = (parts) => (date) => new Intl.DateTimeFormat(locale, parts).format(date);
  const whole = named({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return {
    formatters: {
      formatMonthDropdown: named({ month: "long" }),
      formatWeekdayName: named({ weekday: "narrow" }),
      formatCaption: named({ month: "long", year: "numeric" }),
    },
    labels: { labelDayButton: whole, labelGridcell: whole, labelWeekday: named({ weekday: "long" }) },
  };
}

function problemOf({ start, end }, maxDays, words) {
  const first = toDay(start);
  const last = toDay(end);
  if (!first || !last) return first ? words.last : words.first;
  if (last < first) return words.order;
  if (maxDays && Math.round((last - first) / 86400000) + 1 > maxDays) return words.most.replace("{days}", maxDays);
  return "";
}

function DateField({ label, value, max, onValue }) {
  return (
    <label className="ui-field">
      <span className="ui-label">{label}</span>
      <input className="ui-input" type="date" value={value ?? ""} max={max} onChange={(e) => onValue(e.target.value)} />
    </label>
  );
}

function CalendarIcon() {
  return (
    <svg width="15" height="15" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
      <rect x="3" y="4" width="18" height="18" rx="2" />
      <path d="M16 2v4M8 2v4M3 10h18" strokeLinecap="round" />
    </svg>
  );
}
