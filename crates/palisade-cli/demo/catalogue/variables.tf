variable "environment" {
  type    = string
  default = "production"
}

variable "organisation" {
  type    = string
  default = "o-a1b2c3d4e5"
}

variable "instance_class" {
  type = map(string)
  default = {
    staging    = "db.t4g.medium"
    production = "db.r7g.2xlarge"
  }
}
