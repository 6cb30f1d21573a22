// What a generated ESP-IDF project uses of FreeRTOS; main() runs app_main() to its first pause.
#pragma once

#include <cstdint>
#include <cstdlib>

typedef std::uint32_t TickType_t;
#define pdMS_TO_TICKS(ms) static_cast<TickType_t>(ms)

extern "C" void app_main(void);

inline void vTaskDelay(TickType_t) { std::exit(0); }

int main() { app_main(); }
