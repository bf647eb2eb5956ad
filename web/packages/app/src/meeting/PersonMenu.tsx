/** What a host can do with one person, behind one button: only what makes sense for that person now. */

import type { ReactElement } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Meeting, Person } from "../state/port.ts";
import { Icon, type IconName } from "../ui/icons.tsx";

/** What is asked about before it is done. */
export interface Asked {
  readonly what: "remove" | "rename";
  readonly person: Person;
}

export interface PersonMenuProps {
  readonly meeting: Meeting;
  readonly person: Person;
  readonly onAsk: (asked: Asked) => void;
  readonly onProblem: (error: unknown) => void;
}

interface Item {
  readonly id: string;
  readonly icon: IconName;
  readonly label: string;
  readonly grave?: boolean;
  readonly act: () => void;
}

export function PersonMenu(props: PersonMenuProps): ReactElement {
  const { t } = useTranslation();
  const items = useItems(props);
  return (
    <MenuTrigger>
      <AriaButton className="icon-button" aria-label={t("people.actions", { name: props.person.name })}>
        <Icon name="more" size={20} />
      </AriaButton>
      <Popover className="menu-popover" placement="bottom end">
        <Menu className="menu" onAction={(id) => items.find((item) => item.id === id)?.act()}>
          {items.map((item) => (
            <MenuItem key={item.id} id={item.id} className={item.grave ? "menu-item menu-grave" : "menu-item"} textValue={item.label}>
              <Icon name={item.icon} size={20} />
              <span>{item.label}</span>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function useItems({ meeting, person, onAsk, onProblem }: PersonMenuProps): Item[] {
  const { t } = useTranslation();
  const { participant, roomRole } = person;
  const done = (command: Promise<void>): void => void command.catch(onProblem);
  const items: (Item | false)[] = [
    person.camera === "live" && { id: "camera", icon: "cameraOff", label: t("people.stop_camera"), act: () => done(meeting.host.mute(participant, "camera")) },
    person.screen === "live" && { id: "screen", icon: "screen", label: t("people.stop_screen"), act: () => done(meeting.host.mute(participant, "screen")) },
    person.hand && { id: "hand", icon: "hand", label: t("people.lower_hand"), act: () => done(meeting.host.lowerHands(participant)) },
    person.role === "guest" && { id: "rename", icon: "rename", label: t("people.rename"), act: () => onAsk({ what: "rename", person }) },
  ];
  // Nobody makes or unmakes an owner, nor sends one away.
  if (roomRole !== "owner") {
    const promote = (role: "cohost" | "member" | "audience", icon: IconName, label: string): Item | false =>
      role !== roomRole && { id: role, icon, label, act: () => done(meeting.host.promote(participant, role)) };
    items.push(
      promote("cohost", "shield", t("people.make_cohost")),
      promote("member", "people", t("people.make_member")),
      promote("audience", "speaker", t("people.make_audience")),
      { id: "remove", icon: "remove", label: t("people.remove"), grave: true, act: () => onAsk({ what: "remove", person }) },
    );
  }
  return items.filter((item) => item !== false);
}
