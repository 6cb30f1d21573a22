// $title in a program of your own: checks itself, then runs one example.
// Written by qutils export.
#include <cstdio>

#include "network.h"

namespace $namespace {

void PrintText(const char* text) { std::printf("%s", text); }

void PrintNumber(double value) { std::printf("%.9g", value); }

}  // namespace $namespace

int main() {
  if (!$namespace::Begin() || !$namespace::SelfCheck()) return 1;
  return $namespace::Example() ? 0 : 1;
}
