using BenchmarkDotNet.Attributes;
using MiniGpt.Bench.Peers;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>A token from a model of GPT-2's size with random weights, behind a text of 64: every weight is read once.</summary>
public class Gpt2TokenBenchmarks : IMeasuredWork
{
    private const int Position = 64;

    private Decoder<float>? _gpt;
    private IncrementalDecoder<float> _cached = null!;
    private MemoryRead _memory = null!;

    public static string Unit => MeasuredWork.Bytes;

    [Params("F32", "Q8_0")]
    public string Weights { get; set; } = "F32";

    [Params(1, 2)]
    public int Threads { get; set; }

    public double WorkOfCall => (_gpt ??= Models.Gpt2(Weights)).BytesOfToken;

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        _gpt ??= Models.Gpt2(Weights);
        _cached = new IncrementalDecoder<float>(_gpt);
        _memory = new MemoryRead(_gpt.BytesOfToken);
    }

    [GlobalCleanup]
    public void Cleanup() => _cached.Dispose();

    [Benchmark(Baseline = true)]
    public void Token() => _cached.Logits([17], Position);

    [Benchmark, Peer]
    public void ReadAsManyBytes() => _memory.Run();
}

/// <summary>The prompt pass of 512 tokens through a model of GPT-2's size, logits for the last one only.</summary>
public class Gpt2PromptBenchmarks : IMeasuredWork
{
    private const int Length = 512;

    private readonly int[] _prompt = [.. Enumerable.Range(0, Length).Select(i => i * 97)];
    private IncrementalDecoder<float> _cached = null!;

    public static string Unit => MeasuredWork.Flops;

    [Params(1, 2)]
    public int Threads { get; set; }

    // Two for each weight of the blocks and token, and what attention sees of the half that is not masked; that 6 % of it are left out, since
    // the last layer's outputs are wanted of one token alone, is our gain.
    public double WorkOfCall => Length * 2.0 * 12 * 12 * 768 * 768 + 12.0 * 4 * 768 * Length * (Length + 1) / 2 + 2.0 * 768 * 50257;

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        _cached = new IncrementalDecoder<float>(Models.Gpt2("F32"));
    }

    [GlobalCleanup]
    public void Cleanup() => _cached.Dispose();

    [Benchmark]
    public void Prompt() => _cached.Logits(_prompt, 0);
}

/// <summary>Texts from a model of the tiny preset's size: a context full of tokens, each drawn from its probabilities.</summary>
public class TinyTextBenchmarks : IMeasuredWork
{
    private const int Tokens = 63; // with the prompt a whole context

    private Decoder<float>? _gpt;

    public static string Unit => MeasuredWork.Bytes;

    [Params(1)]
    public int Threads { get; set; }

    [Params(1, 8)]
    public int Samples { get; set; }

    public double WorkOfCall => Tokens * (_gpt ??= Models.Tiny()).BytesOfToken;

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        _gpt ??= Models.Tiny();
    }

    [Benchmark]
    public void Text()
    {
        using TokenStreams<float> streams = new(_gpt!, new SamplingOptions(), Samples);
        streams.Append([0]);
        for (int i = 0; i < Tokens; i++)
            streams.Next();
    }
}

/// <summary>Models with random weights: how fast they are does not depend on what they know.</summary>
internal static class Models
{
    public static Decoder<float> Tiny() =>
        Random(MiniGpt.Model.Architectures.Gpt2.Config(65, 64, 4, 4, 128)).ForReading();

    public static Decoder<float> Gpt2(string weights)
    {
        Decoder<float> gpt = Random(MiniGpt.Model.Architectures.Gpt2.Config(50257, 1024, 12, 12, 768));
        return weights == "Q8_0" ? QuantizedDecoder.From(gpt) : gpt.ForReading();
    }

    private static Decoder<float> Random(TransformerConfig config)
    {
        Decoder<float> gpt = new(config);
        gpt.Initialize(1);
        return gpt;
    }
}
