// Reads a QR code from the camera or a picture: in the browser where it can, otherwise with the phone's own reader.

const LONGEST = 1280;
const CAMERA_LONGEST = 640;
const SVG_SIZE = 1024;
const LOOK_EVERY_MS = 300;

/** Whether there may be a camera to ask for. */
export function hasCamera() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * Shows the camera in `video` and looks for a QR code until one is found or `signal` is aborted (then null).
 * Rejects when the camera cannot be used.
 */
export async function scanCamera(video, phone, signal) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  try {
    if (signal.aborted) return null;
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      const found = await look(video, video.videoWidth, video.videoHeight, CAMERA_LONGEST, phone, signal).catch(() => null);
      if (found !== null && !signal.aborted) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

/** The text of the QR code in a picture file. Rejects when it is no picture or shows no code. */
export async function scanFile(file, phone) {
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const drawing = file.type === "image/svg+xml";
    const width = drawing ? SVG_SIZE : image.naturalWidth;
    const height = drawing ? SVG_SIZE : image.naturalHeight;
    return await look(image, width, height, LONGEST, phone);
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function look(source, width, height, longest, phone, signal) {
  if (width === 0 || height === 0) return null;
  const scale = Math.min(1, longest / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  const found = await detect(canvas);
  if (found !== null) return found;
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
  const answer = await phone.readQr(canvas.width, canvas.height, luminance(pixels.data), signal);
  return answer.text;
}

async function detect(canvas) {
  if (!("BarcodeDetector" in window)) return null;
  try {
    const codes = await new window.BarcodeDetector({ formats: ["qr_code"] }).detect(canvas);
    return codes[0]?.rawValue || null;
  } catch {
    return null;
  }
}

/** One byte of luminance (ITU-R BT.601) per pixel of RGBA data. */
function luminance(rgba) {
  const grey = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < grey.length; i += 1) {
    grey[i] = (rgba[4 * i] * 299 + rgba[4 * i + 1] * 587 + rgba[4 * i + 2] * 114) / 1000;
  }
  return grey;
}
