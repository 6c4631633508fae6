variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "cidr" {
  type    = string
  default = "10.20.0.0/16"
}

variable "public_subnets" {
  type = map(string)
  default = {
    eu-west-1a = "10.20.0.0/24"
    eu-west-1b = "10.20.1.0/24"
  }
}
