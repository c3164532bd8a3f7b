using BenchmarkDotNet.Attributes;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>Encoding with GPT-2's vocabulary, and learning a vocabulary of 8,192, from English and from Japanese text.</summary>
public class TokenizerBenchmarks : IMeasuredWork
{
    private byte[] _text = [];

    /// <summary>Tokenizers are counted in megabytes; the column divides by billions.</summary>
    public static string Unit => "MB/s";

    [Params(Texts.English, Texts.Japanese)]
    public string Text { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    public double WorkOfCall => 1000.0 * Texts.Read(Text).Length;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = Threads;
        _text = Texts.Read(Text);
        _ = Gpt2Tokenizer.Instance;
    }

    [Benchmark(Baseline = true)]
    public void EncodeGpt2() => Gpt2Tokenizer.Instance.EncodeUtf8(_text);

    [Benchmark]
    public void Learn8192()
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add(_text);
        trainer.Train(8192);
    }
}
