variable "name" {
  type = string
}

variable "runtime" {
  type    = string
  default = "python3.13"
}

variable "environment" {
  type    = map(string)
  default = {}
}

variable "log_days" {
  type    = number
  default = 365
}
