// The form in which frames go through a graph is public: a user's program builds chunks too.
#pragma once

#include "longtake/chunk.h"
