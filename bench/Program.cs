using BenchmarkDotNet.Running;
using MiniGpt.Bench;
using MiniGpt.Bench.EndToEnd;
using MiniGpt.Bench.Guard;
using MiniGpt.Bench.Kernels;

if (args is ["guard", .. string[] rest])
    return GuardCommand.Run(rest);

if (args is ["tokenizers", .. string[] threads])
    return TokenizerSpeed.Run(threads);

if (args is ["softmax", .. string[] size])
    return SoftmaxSpeed.Run(size);

if (args is ["translation", .. string[] race])
    return TranslationRace.Run(race);

if (args is ["generation", .. string[] model])
    return GenerationSpeed.Run(model);

if (args is ["serve-load", .. string[] load])
    return await ServeLoad.Run(load);

if (args is ["serve-engine", .. string[] texts])
    return await ServeEngine.Run(texts);

// In this process, not in one for each benchmark: the ceiling is measured where the kernels run, and nothing has to be built.
BenchmarkSwitcher.FromAssembly(typeof(KernelConfig).Assembly).Run([.. args, "--inProcess"], new KernelConfig());
return 0;
