variable "hexadecimal" {
  description = "A key of 64 hexadecimal digits instead of a password of 40 letters and digits."
  type        = bool
  default     = false
}
