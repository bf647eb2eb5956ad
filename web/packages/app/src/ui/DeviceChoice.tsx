/** Which camera and microphone to use, and a meter that shows that the voice arrives. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useObservable, useWorld } from "../context.ts";
import { deviceKey } from "../problems.ts";
import type { Device, Devices, Input } from "../state/devices.ts";
import { Select } from "./controls.tsx";
import { Icon } from "./icons.tsx";
import { TestSound } from "./TestSound.tsx";
import { useLevel } from "./useLevel.ts";

export function DeviceChoice({ devices }: { devices: Devices }): ReactElement {
  const { t } = useTranslation();
  const state = useObservable(devices.store);
  return (
    <div className="device-choice">
      <InputChoice devices={devices} input="camera" label={t("device.camera")} list={state.cameras} />
      <InputChoice devices={devices} input="microphone" label={t("device.microphone")} list={state.microphones} />
      <LevelMeter track={state.microphone.on ? state.microphone.track : null} />
      {canChooseSpeaker() && state.speakers.length > 0 ? <SpeakerChoice devices={devices} /> : null}
      {state.speakerFailed ? (
        <p className="note note-warn" role="alert">
          <Icon name="warning" size={18} />
          <span>{t("device.speaker_failed")}</span>
        </p>
      ) : null}
    </div>
  );
}

interface InputChoiceProps {
  readonly devices: Devices;
  readonly input: Input;
  readonly label: string;
  readonly list: readonly Device[];
}

/** Cameras or microphones, and what is wrong with the one in use. */
function InputChoice({ devices, input, label, list }: InputChoiceProps): ReactElement {
  const { model } = useWorld();
  const { settings } = useObservable(model.store);
  const { track } = useObservable(devices.store)[input];
  const used = track?.getSettings().deviceId ?? settings[input];
  const choose = (id: string): void => {
    model.set({ [input]: id });
    void devices.choose(input, id);
  };
  return (
    <>
      <Select label={label} icon={input} value={list.find(({ id }) => id === used)?.id ?? list[0]?.id ?? ""} options={useOptions(list)} onChange={choose} />
      <DeviceProblemNote input={input} devices={devices} />
    </>
  );
}

function SpeakerChoice({ devices }: { devices: Devices }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { speakers, speaker } = useObservable(devices.store);
  const choose = (id: string): void => {
    model.set({ speaker: id });
    devices.chooseSpeaker(id);
  };
  return (
    <>
      <Select
        label={t("device.speaker")}
        icon="speaker"
        value={speakers.some((device) => device.id === speaker) ? speaker : (speakers[0]?.id ?? "")}
        options={useOptions(speakers)}
        onChange={choose}
      />
      <TestSound speaker={speaker} onRefused={() => devices.speakerRefused(speaker)} />
    </>
  );
}

/** Names for a choice: browsers tell none before they were allowed a device. */
function useOptions(list: readonly Device[]): { id: string; label: string }[] {
  const { t } = useTranslation();
  if (list.length === 0) return [{ id: "", label: t("device.default") }];
  return list.map((device, index) => ({ id: device.id, label: device.label || t("device.numbered", { number: index + 1 }) }));
}

/** Not every browser lets a page choose where it is heard. */
function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}

export function DeviceProblemNote({ input, devices }: { input: Input; devices: Devices }): ReactElement | null {
  const { t } = useTranslation();
  const { problem } = useObservable(devices.store)[input];
  if (!problem) return null;
  return (
    <p className="note note-warn" role="alert">
      <Icon name="warning" size={18} />
      <span>{t(deviceKey(input, problem))}</span>
    </p>
  );
}

export function LevelMeter({ track }: { track: MediaStreamTrack | null }): ReactElement {
  const { t } = useTranslation();
  const level = useLevel(track);
  return (
    <div className="meter-row">
      <span id="level-label">{track ? t("device.level") : t("device.level_off")}</span>
      <div
        className="meter"
        role="meter"
        aria-labelledby="level-label"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(level * 100)}
      >
        <span className="meter-bar" style={{ transform: `scaleX(${level})` }} />
      </div>
    </div>
  );
}
