// $title on an Arduino board: checks itself once, then runs an example every second.
// Written by qutils export.
#include "network.h"

namespace $namespace {

void PrintText(const char* text) { Serial.print(text); }

void PrintNumber(double value) { Serial.print(value, value == std::floor(value) ? 0 : 6); }

}  // namespace $namespace

static bool ready = false;

void setup() {
  Serial.begin(115200);
  // Boards with USB of their own wait here for the serial monitor, ten seconds at most.
  while (!Serial && millis() < 10000) {
  }
  ready = $namespace::Begin() && $namespace::SelfCheck();
}

void loop() {
  // Your application goes here; Example() in network.cpp shows how to fill inputs and read outputs.
  if (ready) $namespace::Example();
  delay(1000);
}
