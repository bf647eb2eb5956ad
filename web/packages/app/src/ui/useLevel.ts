/** Listens to a track's loudness for a meter, several times a second, without keeping any sound. */

import { useEffect, useState } from "react";
import { level, smooth } from "../state/meter.ts";

const STEPS = 20;

/** The bar's position from 0 to 1 in steps of 1/20; 0 while there is no track. */
export function useLevel(track: MediaStreamTrack | null): number {
  const [shown, setShown] = useState(0);
  useEffect(() => {
    if (!track || typeof AudioContext === "undefined") return setShown(0);
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let bar = 0;
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      bar = smooth(bar, level(samples), 0.08);
      setShown(Math.round(bar * STEPS) / STEPS);
    }, 80);
    void context.resume().catch(() => undefined);
    return () => {
      clearInterval(timer);
      void context.close().catch(() => undefined);
    };
  }, [track]);
  return shown;
}
