variable "name" {
  type = string
}

variable "policy" {
  description = "More statements for the bucket's policy, as JSON."
  type        = string
  default     = ""
}

variable "block_public_policy" {
  type    = bool
  default = true
}

variable "versioning" {
  type    = bool
  default = true
}

variable "log_bucket" {
  type    = string
  default = "velvet-heron-access-logs"
}
