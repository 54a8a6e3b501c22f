import { describe, expect, it } from 'vitest';
import { showing } from '../../src/map/boxes';

describe('the position that shows a box', () => {
  it('is in its middle, as close as it fits with room around it', () => {
    const { zoom, lat, lon } = showing([6.88, 52.21, 6.92, 52.21], 1024, 700);
    expect([lat, lon]).toEqual([52.21, 6.9]);
    expect(((512 * 2 ** zoom) / 360) * 0.04).toBeCloseTo(0.7 * 1024);
  });

  it('fits what is high too, where degrees of latitude are longer', () => {
    const wide = showing([6.0, 52.0, 6.1, 52.0], 500, 500).zoom;
    const high = showing([6.0, 52.0, 6.0, 52.1], 500, 500).zoom;
    expect(wide - high).toBeCloseTo(Math.log2(1 / Math.cos((52.05 * Math.PI) / 180)), 3);
  });

  it('comes no closer than the map does, also to a single place', () => {
    expect(showing([6.9, 52.2, 6.9, 52.2], 1024, 700)).toEqual({ zoom: 17, lat: 52.2, lon: 6.9 });
  });
});
