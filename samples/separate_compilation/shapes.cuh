// What the two files of this program share; device code crosses the file boundary (-rdc=true).
#pragma once

extern __device__ float scale;
extern __constant__ int offsets[4];
__device__ float area(int kind, float x);
