#define TOML_IMPLEMENTATION
#include "host/config/toml.hpp"
