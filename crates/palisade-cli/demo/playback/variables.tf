variable "environment" {
  type    = string
  default = "staging"
}

variable "vpc" {
  type    = string
  default = "vpc-0c5d2f7a91b3e4680"
}

variable "subnets" {
  type    = list(string)
  default = ["subnet-04f1c9d27be58a360", "subnet-0b93e7a64d1f2c857"]
}

variable "admin_ranges" {
  description = "From where the transcoders may be reached by SSH."
  type        = list(string)
  default     = ["10.20.0.0/16"]
}

# Every office has its own: terraform apply -var office_range=…
variable "office_range" {
  type = string
}

variable "with_debugging" {
  type    = bool
  default = false
}
