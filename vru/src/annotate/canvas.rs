//! Lines, areas and text on an RGB picture, clipped to the picture.

use vru_vision::image::Image;

use super::font;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// A picture to draw on.
#[derive(Debug)]
pub struct Canvas<'a> {
    image: &'a mut Image,
}

impl<'a> Canvas<'a> {
    pub fn new(image: &'a mut Image) -> Self {
        Self { image }
    }

    /// Width and height, pixels.
    pub fn size(&self) -> (i32, i32) {
        (self.image.width as i32, self.image.height as i32)
    }

    /// Fills an area. An `alpha` of 255 is opaque, 0 transparent.
    pub fn fill(&mut self, left: i32, top: i32, right: i32, bottom: i32, colour: Colour, alpha: u8) {
        let (width, height) = self.size();
        let (left, right) = (left.clamp(0, width), right.clamp(0, width));
        for y in top.clamp(0, height)..bottom.clamp(0, height) {
            self.span(y, left, right, colour, alpha);
        }
    }

    /// Draws the outline of a box, on the inside of its edges.
    pub fn outline(&mut self, left: i32, top: i32, right: i32, bottom: i32, thickness: i32, colour: Colour) {
        self.fill(left, top, right, top + thickness, colour, 255);
        self.fill(left, bottom - thickness, right, bottom, colour, 255);
        self.fill(left, top + thickness, left + thickness, bottom - thickness, colour, 255);
        self.fill(right - thickness, top + thickness, right, bottom - thickness, colour, 255);
    }

    /// Draws a polygon: filled by the even-odd rule with `alpha`, and an opaque outline.
    pub fn polygon(&mut self, corners: &[(f32, f32)], thickness: i32, colour: Colour, alpha: u8) {
        let (width, height) = self.size();
        let mut crossings = Vec::with_capacity(corners.len());
        for y in 0..height {
            let middle = y as f32 + 0.5;
            crossings.clear();
            let crossed = edges(corners).filter(|((_, ay), (_, by))| (*ay > middle) != (*by > middle));
            crossings.extend(crossed.map(|((ax, ay), (bx, by))| ax + (middle - ay) / (by - ay) * (bx - ax)));
            crossings.sort_by(f32::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let (from, to) = (pair[0].round() as i32, pair[1].round() as i32);
                self.span(y, from.clamp(0, width), to.clamp(0, width), colour, alpha);
            }
        }
        for (from, to) in edges(corners) {
            self.line(from, to, thickness, colour);
        }
    }

    /// Draws a straight line of square dots.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), thickness: i32, colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        // Bounds the time for a line that goes far outside the picture.
        let steps = dx.abs().max(dy.abs()).ceil().clamp(1.0, 65_536.0);
        for step in 0..=steps as u32 {
            let along = step as f32 / steps;
            let (x, y) = ((from.0 + dx * along).round() as i32, (from.1 + dy * along).round() as i32);
            let half = thickness / 2;
            self.fill(x - half, y - half, x - half + thickness, y - half + thickness, colour, 255);
        }
    }

    /// Draws text with its top left corner at (`left`, `top`). Each dot of the font is `scale` pixels wide.
    pub fn text(&mut self, left: i32, top: i32, text: &str, scale: i32, colour: Colour) {
        for (index, character) in text.chars().enumerate() {
            let x = left + index as i32 * (font::WIDTH as i32 + 1) * scale;
            for (row, bits) in font::glyph(character).into_iter().enumerate() {
                let y = top + row as i32 * scale;
                for column in
                    (0..font::WIDTH as i32).filter(|column| bits >> (font::WIDTH as i32 - 1 - column) & 1 == 1)
                {
                    self.fill(x + column * scale, y, x + (column + 1) * scale, y + scale, colour, 255);
                }
            }
        }
    }

    fn span(&mut self, y: i32, from: i32, to: i32, colour: Colour, alpha: u8) {
        if from >= to {
            return;
        }
        let row = y as usize * self.image.width as usize;
        let pixels = &mut self.image.data[(row + from as usize) * 3..(row + to as usize) * 3];
        if alpha == 255 {
            for pixel in pixels.as_chunks_mut::<3>().0 {
                *pixel = colour;
            }
            return;
        }
        let (over, under) = (u16::from(alpha), 255 - u16::from(alpha));
        for pixel in pixels.as_chunks_mut::<3>().0 {
            for (below, above) in pixel.iter_mut().zip(colour) {
                *below = ((u16::from(*below) * under + u16::from(above) * over) / 255) as u8;
            }
        }
    }
}

/// Width and height of a text, pixels.
pub fn text_size(text: &str, scale: i32) -> (i32, i32) {
    let characters = text.chars().count() as i32;
    ((characters * (font::WIDTH as i32 + 1) - 1).max(0) * scale, font::HEIGHT as i32 * scale)
}

fn edges(corners: &[(f32, f32)]) -> impl Iterator<Item = ((f32, f32), (f32, f32))> + '_ {
    corners.iter().copied().zip(corners.iter().copied().cycle().skip(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_does_not_fill_the_box() {
        let mut image = Image::filled(10, 10, [0; 3]);
        Canvas::new(&mut image).outline(2, 2, 8, 8, 1, [255, 0, 0]);
        assert_eq!(image.pixel(2, 5), [255, 0, 0]);
        assert_eq!(image.pixel(7, 7), [255, 0, 0]);
        assert_eq!(image.pixel(5, 5), [0; 3]);
        assert_eq!(image.pixel(8, 8), [0; 3]);
    }

    #[test]
    fn drawing_is_clipped_to_the_picture() {
        let mut image = Image::filled(4, 4, [9; 3]);
        let mut canvas = Canvas::new(&mut image);
        canvas.fill(-5, -5, 100, 1, [1; 3], 255);
        canvas.outline(-20, -20, 20, 20, 2, [2; 3]);
        canvas.text(-3, 2, "W", 1, [3; 3]);
        canvas.line((-1e9, 0.0), (1e9, 0.0), 1, [4; 3]);
        assert_eq!(image.pixel(3, 3), [9; 3]);
    }

    #[test]
    fn a_concave_polygon_is_filled_inside_only() {
        let mut image = Image::filled(12, 12, [0; 3]);
        let corners = [(0.0, 0.0), (12.0, 0.0), (12.0, 12.0), (6.0, 4.0), (0.0, 12.0)];
        Canvas::new(&mut image).polygon(&corners, 0, [200; 3], 128);
        assert!(image.pixel(6, 2)[0] > 90);
        assert_eq!(image.pixel(6, 9), [0; 3]);
        assert!(image.pixel(1, 8)[0] > 90);
    }

    #[test]
    fn text_size_is_the_size_of_the_drawn_text() {
        let mut image = Image::filled(40, 20, [0; 3]);
        Canvas::new(&mut image).text(0, 0, "HH", 2, [255; 3]);
        let (width, height) = text_size("HH", 2);
        let lit = |x: u32, y: u32| image.pixel(x, y) == [255; 3];
        assert!(lit(width as u32 - 1, height as u32 - 1));
        assert!((0..20).all(|y| !lit(width as u32, y)));
    }
}
