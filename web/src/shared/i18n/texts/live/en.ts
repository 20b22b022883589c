export const en = {
  'wall.full': 'Full screen',
  'wall.text': 'Up to sixteen cameras. This address can be kept for a screen on a wall.',
  'wall.cameras': 'Cameras',
  'live.picture': 'Live picture of {name}',
  'live.waiting': 'Waiting for a picture',
  'live.age': '{seconds} s old',
  'live.stale': 'Not live: {seconds} s old',
  'live.nobody': 'Nobody in the picture',
  'live.zones': 'Occupied: {names}',
} as const;
