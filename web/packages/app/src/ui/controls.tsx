/**
 * The few controls everything is made of, on react-aria's behaviour: buttons, toggles, text
 * fields, native selects. Appearance lives in the style sheets alone.
 */

import type { ReactElement, ReactNode } from "react";
import { useId } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Input,
  Label,
  Switch as AriaSwitch,
  Text,
  TextField as AriaTextField,
  ToggleButton as AriaToggleButton,
} from "react-aria-components";
import { Icon, type IconName } from "./icons.tsx";

type Look = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children"> {
  readonly look?: Look;
  readonly icon?: IconName;
  readonly children: ReactNode;
}

export function Button({ look = "plain", icon, children, ...rest }: ButtonProps): ReactElement {
  return (
    <AriaButton {...rest} className={`button button-${look}`}>
      {icon ? <Icon name={icon} size={20} /> : null}
      <span>{children}</span>
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<AriaButtonProps, "className" | "children"> {
  readonly icon: IconName;
  readonly label: string;
}

/** A button whose name is only heard; used where the place says what it is. */
export function IconButton({ icon, label, ...rest }: IconButtonProps): ReactElement {
  return (
    <AriaButton {...rest} className="icon-button" aria-label={label}>
      <Icon name={icon} size={20} />
    </AriaButton>
  );
}

export interface BarButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  /** Whether what it opens is open. */
  readonly expanded?: boolean;
  readonly tone?: "normal" | "off" | "leave";
  /** Why it cannot be used now. It stays in reach of the keyboard, and pressing it says this aloud. */
  readonly barred?: string | undefined;
  readonly count?: number;
  /** Read after the name, e.g. how many messages are unread. */
  readonly hint?: string;
  readonly onPress: () => void;
}

/** A control of the bar: icon above its name; a toggle when `pressed` is given. */
export function BarButton(props: BarButtonProps): ReactElement {
  const { icon, label, pressed, expanded, tone = "normal", barred, count = 0, onPress } = props;
  const hint = barred ?? props.hint;
  const hintId = useId();
  const shared = {
    className: `bar-button tone-${tone}`,
    "aria-label": label,
    ...(expanded === undefined ? {} : { "aria-expanded": expanded }),
    ...(hint ? { "aria-describedby": hintId } : {}),
  };
  const inside = (
    <>
      <span className="bar-icon" data-count={count > 0 ? (count > 99 ? "99+" : count) : undefined}>
        <Icon name={icon} size={24} />
      </span>
      <span className="bar-label" aria-hidden="true">
        {label}
      </span>
    </>
  );
  return (
    <>
      {barred !== undefined ? (
        <button type="button" {...shared} aria-disabled="true" title={barred} onClick={onPress}>
          {inside}
        </button>
      ) : pressed === undefined ? (
        <AriaButton {...shared} onPress={onPress}>
          {inside}
        </AriaButton>
      ) : (
        <AriaToggleButton {...shared} isSelected={pressed} onChange={onPress}>
          {inside}
        </AriaToggleButton>
      )}
      {hint ? (
        <span id={hintId} className="visually-hidden">
          {hint}
        </span>
      ) : null}
    </>
  );
}

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly error?: string | null;
  readonly maxLength?: number;
  readonly autoComplete?: string;
}

export function Field({ label, value, onChange, hint, error, maxLength = 120, autoComplete = "off" }: FieldProps): ReactElement {
  return (
    <AriaTextField
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={Boolean(error)}
      // Said, not enforced: the browser would refuse to send the form again although the field was corrected.
      validationBehavior="aria"
      maxLength={maxLength}
      autoComplete={autoComplete}
    >
      <Label>{label}</Label>
      <Input className="input" />
      {hint && !error ? (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      ) : null}
      {error ? (
        <Text slot="description" className="field-error">
          {error}
        </Text>
      ) : null}
    </AriaTextField>
  );
}

export interface ChoiceProps {
  /** Shared by those that exclude each other. */
  readonly name: string;
  readonly checked: boolean;
  readonly onChoose: () => void;
  readonly label: string;
}

/** One of several plain radio buttons drawn as a segmented control. */
export function Choice({ name, checked, onChoose, label }: ChoiceProps): ReactElement {
  return (
    <label className="choice">
      <input type="radio" name={name} checked={checked} onChange={onChoose} />
      <span>{label}</span>
    </label>
  );
}

export interface SwitchProps {
  readonly label: string;
  readonly hint?: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}

/** Something that is on or off at once, with a line that says what it means. */
export function Switch({ label, hint, on, onChange }: SwitchProps): ReactElement {
  const hintId = useId();
  return (
    <div className="switch-row">
      <AriaSwitch className="switch" isSelected={on} onChange={onChange} {...(hint ? { "aria-describedby": hintId } : {})}>
        <span className="switch-label">{label}</span>
        <span className="switch-track" aria-hidden="true" />
      </AriaSwitch>
      {hint ? (
        <span id={hintId} className="field-hint">
          {hint}
        </span>
      ) : null}
    </div>
  );
}

export interface SelectProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly value: string;
  readonly options: readonly { readonly id: string; readonly label: string; readonly lang?: string }[];
  readonly onChange: (id: string) => void;
  readonly hideLabel?: boolean;
}

/** The browser's own select: right on a phone, with a keyboard and to every screen reader. */
export function Select({ label, icon, value, options, onChange, hideLabel = false }: SelectProps): ReactElement {
  const id = useId();
  return (
    <div className="select-field">
      <label htmlFor={id} className={hideLabel ? "visually-hidden" : undefined}>
        {label}
      </label>
      <span className="select">
        {icon ? <Icon name={icon} size={18} /> : null}
        <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option.id} value={option.id} lang={option.lang}>
              {option.label}
            </option>
          ))}
        </select>
        <Icon name="chevron" size={18} />
      </span>
    </div>
  );
}
