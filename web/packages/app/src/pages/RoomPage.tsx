/** One room's page, in whichever phase it is: looking it up, saying who one is, joining, waiting, meeting, ended. */

import type { ReactElement } from "react";
import { useEffect, useState } from "react";
import { useApp, useObservable, useWorld } from "../context.ts";
import { MeetingPage } from "../meeting/MeetingPage.tsx";
import type { AppModel } from "../state/app.ts";
import { Devices } from "../state/devices.ts";
import { Room } from "../state/room.ts";
import { EndedPage } from "./EndedPage.tsx";
import { Lobby } from "./Lobby.tsx";
import { ProblemPage } from "./ProblemPage.tsx";
import { WaitingPage } from "./WaitingPage.tsx";

interface Parts {
  readonly devices: Devices;
  readonly room: Room;
}

export function RoomPage({ slug, secret }: { slug: string; secret: string }): ReactElement | null {
  const { model, join, media } = useWorld();
  const { settings } = useApp();
  const [parts, setParts] = useState<Parts | null>(null);
  useEffect(() => {
    const { microphone, camera, speaker } = model.store.getSnapshot().settings;
    const devices = new Devices(media, { microphone, camera, speaker });
    const room = new Room(model.api, join, devices, slug, secret);
    const gone = (): void => room.dispose();
    window.addEventListener("pagehide", gone);
    setParts({ devices, room });
    void room.open(sessionOf(model));
    return () => {
      window.removeEventListener("pagehide", gone);
      room.dispose();
      devices.dispose();
    };
  }, [model, join, media, slug, secret]);
  return parts ? <Phases parts={parts} language={settings.language} /> : null;
}

function sessionOf(model: AppModel): string | null {
  return model.store.getSnapshot().session?.session ?? null;
}

function Phases({ parts, language }: { parts: Parts; language: string }): ReactElement {
  const { room, devices } = parts;
  const phase = useObservable(room.store);
  const { model } = useWorld();
  const { session } = useApp();
  useEffect(() => void room.lookAgain(session?.session ?? null), [room, session]);
  const open = (): void => void room.open(sessionOf(model));
  switch (phase.name) {
    case "loading":
      return <ProblemPage code={null} />;
    case "missing":
      return <ProblemPage code={phase.code} onRetry={open} />;
    case "lobby":
    case "joining":
      return (
        <Lobby
          info={phase.room}
          devices={devices}
          joining={phase.name === "joining"}
          problem={phase.name === "lobby" ? phase.problem : null}
          onJoin={(who) => void room.join(who, language)}
          onCancel={() => room.cancel()}
        />
      );
    case "waiting":
      return <WaitingPage info={phase.room} waiting={phase.waiting} devices={devices} onLeave={() => room.cancel()} />;
    case "meeting":
      return <MeetingPage meeting={phase.meeting} room={room} devices={devices} info={phase.room} />;
    case "ended":
      return <EndedPage info={phase.room} ended={phase.ended} onAgain={open} />;
  }
}
