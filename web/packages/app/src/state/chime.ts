/** Two soft tones as a WAV file, made here so that nothing is fetched to test a loudspeaker. */

const RATE = 24_000;
const TONES_HZ = [523.25, 659.25];
const TONE_SECONDS = 0.35;
const LOUDNESS = 0.25;

/** 16-bit mono PCM behind the 44 bytes of a RIFF header (Microsoft, "Multimedia Programming Interface 1.0"). */
export function chime(): ArrayBuffer {
  const each = Math.round(RATE * TONE_SECONDS);
  const bytes = TONES_HZ.length * each * 2;
  const view = new DataView(new ArrayBuffer(44 + bytes));
  const text = (at: number, word: string): void => [...word].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + bytes, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, bytes, true);
  TONES_HZ.forEach((hertz, tone) => {
    for (let at = 0; at < each; at += 1) {
      // Rises and falls softly: an edge would click.
      const envelope = Math.sin((Math.PI * at) / each) ** 0.5;
      const sample = Math.sin((2 * Math.PI * hertz * at) / RATE) * envelope * LOUDNESS;
      view.setInt16(44 + (tone * each + at) * 2, Math.round(sample * 32767), true);
    }
  });
  return view.buffer as ArrayBuffer;
}
