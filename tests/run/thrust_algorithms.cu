// Thrust and CUB: the template libraries that most programs meet first.
#include <thrust/device_vector.h>
#include <thrust/functional.h>
#include <thrust/inner_product.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/unique.h>

#include <algorithm>
#include <numeric>

#include "check.h"

int main() {
  const int n = 30000;
  std::vector<int> host(n);
  for (int i = 0; i < n; ++i) host[i] = int(i * 2654435761u >> 8) % 5000 - 2500;
  thrust::device_vector<int> v(host);
  EXPECT(thrust::reduce(v.begin(), v.end()) == std::accumulate(host.begin(), host.end(), 0));
  EXPECT(thrust::reduce(v.begin(), v.end(), -100000, thrust::maximum<int>()) == *std::max_element(host.begin(), host.end()));
  thrust::device_vector<int> s(n);
  thrust::inclusive_scan(v.begin(), v.end(), s.begin());
  std::vector<int> scan(n), got(n);
  std::partial_sum(host.begin(), host.end(), scan.begin());
  thrust::copy(s.begin(), s.end(), got.begin());
  EXPECT(got == scan);
  thrust::transform(v.begin(), v.end(), s.begin(), thrust::negate<int>());
  EXPECT(thrust::inner_product(v.begin(), v.end(), s.begin(), 0ll) == -std::inner_product(host.begin(), host.end(), host.begin(), 0ll));
  thrust::sort(v.begin(), v.end());
  std::sort(host.begin(), host.end());
  thrust::copy(v.begin(), v.end(), got.begin());
  EXPECT(got == host);
  auto end = thrust::unique(v.begin(), v.end());
  host.erase(std::unique(host.begin(), host.end()), host.end());
  EXPECT(size_t(end - v.begin()) == host.size());
  return finish("thrust_algorithms");
}
