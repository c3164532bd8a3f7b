using BenchmarkDotNet.Running;
using MiniGpt.Bench;

BenchmarkSwitcher.FromAssembly(typeof(KernelConfig).Assembly).Run(args, new KernelConfig());
