import type { Schemas } from '../api/client';

export type RoadUserClass = Schemas['RoadUserClass'];

/** In the order in which people read them: who is hurt first comes first. */
export const CLASSES: readonly RoadUserClass[] = ['pedestrian', 'cyclist', 'motorcyclist', 'car', 'bus', 'truck'];

/** Distinct for people who see colours less (Okabe and Ito), with enough contrast on dark and light. */
export const CLASS_COLOURS: Record<RoadUserClass, string> = {
  pedestrian: '#d55e00',
  cyclist: '#0072b2',
  motorcyclist: '#9a5b87',
  car: '#00805e',
  bus: '#8a6d00',
  truck: '#5c6670',
};
