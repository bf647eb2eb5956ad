/** The pictures: a grid that fills the stage, or one large picture with people beside it. */

import type { CSSProperties, ReactElement, RefCallback } from "react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Devices } from "../state/devices.ts";
import { GAP, isWide } from "../state/layout.ts";
import { alone } from "../state/people.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Choice, StageTile } from "../state/stage.ts";
import { InviteLink } from "./InviteLink.tsx";
import { Pager } from "./Pager.tsx";
import { ScreenTile } from "./ScreenTile.tsx";
import { TileView } from "./TileView.tsx";
import { useBox, useStage, useView } from "./useStage.ts";

export interface StageProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  readonly choice: Choice;
  readonly onPin: (key: string) => void;
  readonly onPage: (page: number) => void;
  /** Which page is shown, and of how many. */
  readonly onLaidOut: (page: number, pages: number) => void;
}

export function Stage({ meeting, snapshot, devices, choice, onPin, onPage, onLaidOut }: StageProps): ReactElement {
  const [area, setArea] = useState<HTMLDivElement | null>(null);
  const box = useBox(area);
  const { stage, division } = useStage(snapshot, choice, box);
  useView(meeting, stage, division, box);
  useEffect(() => onLaidOut(stage.page, stage.pages), [choice.page, stage.page, stage.pages, onLaidOut]);
  if (snapshot.state === "connecting" || snapshot.state === "waiting") return <Waiting state={snapshot.state} area={setArea} />;

  const solitary = alone(snapshot.people);
  const { tile: size, columns } = division.page;
  const sizes = {
    "--columns": columns,
    "--tile-width": `${size.width}px`,
    "--tile-height": `${size.height}px`,
    "--gap": `${GAP}px`,
  } as CSSProperties;
  const shape = stage.main ? `stage-large ${isWide(box) ? "stage-wide" : "stage-tall"}` : solitary ? "stage-with-invite" : "";
  const draw = (entry: StageTile, large: boolean): ReactElement => {
    const shared = { entry, tenants: snapshot.tenants, pinned: choice.pinned === entry.key, onPin: () => onPin(entry.key) };
    const small = !large && size.height < 170;
    return entry.source === "screen" ? (
      <ScreenTile key={entry.key} {...shared} large={large} small={small} />
    ) : (
      <TileView key={entry.key} {...shared} devices={devices} large={large} small={small} />
    );
  };
  return (
    <div ref={setArea} className={`stage ${shape}`} style={sizes}>
      {stage.main ? <div className="stage-main">{draw(stage.main, true)}</div> : null}
      <div className="stage-rest">
        <ul className={stage.main ? "filmstrip" : "grid"}>
          {stage.tiles.map((entry) => (
            <li key={entry.key} className="grid-item">
              {draw(entry, false)}
            </li>
          ))}
        </ul>
        {stage.pages > 1 ? <Pager page={stage.page} pages={stage.pages} onPage={onPage} /> : null}
      </div>
      {solitary ? <Alone /> : null}
    </div>
  );
}

function Alone(): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="stage-alone">
      <p>{t("meeting.alone")}</p>
      <InviteLink />
    </div>
  );
}

function Waiting({ state, area }: { state: "connecting" | "waiting"; area: RefCallback<HTMLDivElement> }): ReactElement {
  const { t } = useTranslation();
  return (
    <div ref={area} className="stage stage-waiting">
      <div className="waiting-card" role="status">
        <span className="spinner spinner-large" aria-hidden="true" />
        <p className="waiting-title">{state === "connecting" ? t("state.connecting") : t("state.waiting")}</p>
        <p className="quiet">{state === "connecting" ? t("state.connecting_text") : t("state.waiting_text")}</p>
      </div>
    </div>
  );
}
