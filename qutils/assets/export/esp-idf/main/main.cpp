// $title on an ESP32 board: checks itself once, then runs an example every second.
// Written by qutils export.
#include <cstdio>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "network.h"

namespace $namespace {

void PrintText(const char* text) { std::printf("%s", text); }

void PrintNumber(double value) { std::printf("%.9g", value); }

}  // namespace $namespace

extern "C" void app_main(void) {
  const bool ready = $namespace::Begin() && $namespace::SelfCheck();
  while (true) {
    // Your application goes here; Example() in network.cpp shows how to fill inputs and read
    // outputs.
    if (ready) $namespace::Example();
    // Other tasks, and the watchdog, want their turn.
    vTaskDelay(pdMS_TO_TICKS(1000));
  }
}
