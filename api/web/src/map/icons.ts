/** A small white sign per class of damage, drawn here so that the map needs no files from elsewhere. */

const SIZE = 24;
const RATIO = 2;

type Pen = CanvasRenderingContext2D;

const SIGNS: Record<string, (pen: Pen) => void> = {
  longitudinal_crack: (pen) =>
    polyline(pen, [
      [12, 5],
      [10, 9],
      [14, 13],
      [11, 16],
      [12, 19],
    ]),
  transverse_crack: (pen) =>
    polyline(pen, [
      [5, 12],
      [9, 10],
      [13, 14],
      [16, 11],
      [19, 12],
    ]),
  alligator_crack: (pen) => {
    polyline(pen, [
      [9, 5],
      [8, 10],
      [9, 14],
      [8, 19],
    ]);
    polyline(pen, [
      [15, 5],
      [16, 10],
      [15, 14],
      [16, 19],
    ]);
    polyline(pen, [
      [5, 9],
      [10, 10],
      [14, 9],
      [19, 10],
    ]);
    polyline(pen, [
      [5, 15],
      [10, 14],
      [14, 15],
      [19, 14],
    ]);
  },
  pothole: (pen) => {
    pen.beginPath();
    pen.ellipse(12, 12, 6, 4.2, 0, 0, 2 * Math.PI);
    pen.fill();
  },
  ravelling: (pen) => {
    for (const [x, y] of [
      [8, 8],
      [13, 7],
      [16, 11],
      [10, 12],
      [14, 16],
      [8, 16],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 1.6, 0, 2 * Math.PI);
      pen.fill();
    }
  },
};

function polyline(pen: Pen, points: readonly (readonly [number, number])[]): void {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
}

/** Draw the sign of a class; a dot for a class that has none. */
export function sign(name: string): { image: ImageData; pixelRatio: number } {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE * RATIO;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser has no 2D canvas');
  pen.scale(RATIO, RATIO);
  pen.strokeStyle = pen.fillStyle = '#ffffff';
  pen.lineWidth = 2;
  pen.lineCap = pen.lineJoin = 'round';
  (SIGNS[name] ?? SIGNS.pothole)?.(pen);
  return { image: pen.getImageData(0, 0, canvas.width, canvas.height), pixelRatio: RATIO };
}
