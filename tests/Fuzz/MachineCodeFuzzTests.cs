using System.Diagnostics;
using System.Globalization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Fuzz;

/// <summary>The program as one file of machine code, which tests/aot/run publishes: it reads broken files, a process each, or refuses them in one line.</summary>
public sealed class MachineCodeFuzzTests : IDisposable
{
    private const string ProgramVariable = "MINIGPT_MACHINE_CODE", CountVariable = "MINIGPT_BROKEN_FILES";
    private const string MostHeap = "0x4000000"; // 64 MB: no broken file may ask for more

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Broken_files_of_every_form_are_read_or_refused()
    {
        string? program = Environment.GetEnvironmentVariable(ProgramVariable);
        Assert.SkipWhen(program is null, $"{ProgramVariable} names no program; tests/aot/run publishes one");
        int cases = int.Parse(Environment.GetEnvironmentVariable(CountVariable) ?? "100", CultureInfo.InvariantCulture), refused = 0;
        Parallel.For(0, Environment.ProcessorCount, worker =>
        {
            Form[] forms = [.. Forms(Directory.CreateDirectory(_folder.File($"{worker}")).FullName)];
            for (int number = worker; number < cases; number += Environment.ProcessorCount)
                Interlocked.Add(ref refused, IsRefused(program!, forms[number % forms.Length], number / forms.Length) ? 1 : 0);
        });
        Assert.InRange(refused, cases / 10, cases - 1);
    }

    public void Dispose() => _folder.Dispose();

    private static bool IsRefused(string program, Form form, int number)
    {
        File.WriteAllBytes(form.Path, form.Mutator.Make(number));
        ProcessStartInfo start = new(program, [.. form.Command, "--threads", "1"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_GCHeapHardLimit"] = MostHeap;
        using Process process = Process.Start(start)!;
        Outcome outcome = Minigpt.OutcomeOf(process);
        File.WriteAllBytes(form.Path, form.Whole); // other forms may be about the same folder
        string said = $"case {number}, {form.Path}, exit code {outcome.ExitCode}: {outcome.Error}";
        Assert.True(outcome.ExitCode is 0 or 1, said);
        if (outcome.ExitCode == 0)
            return false;
        Assert.True(outcome.Error.StartsWith("minigpt: ", StringComparison.Ordinal) && outcome.Error.IndexOf('\n') == outcome.Error.Length - 1, said);
        Assert.False(outcome.Error.Contains("an error of the program itself") || outcome.Error.Contains("not enough memory"), said);
        return true;
    }

    private static IEnumerable<Form> Forms(string root)
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("abc");
        string folder = Model("folder", StoredType.F32), half = Model("half", StoredType.F16), gguf = Model("f32.gguf", StoredType.F32);
        string blocks = Model("q8.gguf", StoredType.Q8_0), llmC = Model("model.bin", StoredType.F32);
        string shards = Shards.Cut(folder, Path.Combine(root, "shards"), 3), pairs = Path.Combine(root, "pairs"), text = Path.Combine(root, "text.txt");
        File.WriteAllText(text, "abc");
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add("the tests of the tests, the tests"u8);
        TokenizerFolder.Write(pairs, trainer.Train(265));
        yield return new Form([In(folder, "model.safetensors"), In(half, "model.safetensors")], Sample(folder));
        yield return new Form([In(folder, "config.json")], Sample(folder));
        yield return new Form([In(folder, "config.json")], ["inspect", folder]);
        yield return new Form([In(shards, "model.safetensors.index.json")], Sample(shards));
        yield return new Form([gguf, blocks], Sample(gguf));
        yield return new Form([llmC], Sample(llmC));
        yield return new Form([In(folder, "tokenizer.json")], ["tokenize", "encode", "--tokenizer", folder, text]);
        yield return new Form([In(pairs, "tokenizer.json")], ["tokenize", "encode", "--tokenizer", pairs, text]);

        string Model(string name, StoredType type)
        {
            Decoder<float> gpt = new(Gpt2.Config(3, 2, 1, 2, type.BlockSize() > 1 ? type.BlockSize() : 4));
            ModelFile.Save(Path.Combine(root, name), gpt, name.EndsWith(".bin", StringComparison.Ordinal) ? null : tokenizer, type: type);
            return Path.Combine(root, name);
        }

        static string In(string model, string file) => Path.Combine(model, file);

        static string[] Sample(string model) => ["sample", "--model", model, "--ids", "--prompt-ids", "0", "--tokens", "1"];
    }

    /// <summary>A file that is broken, and the command line that reads it.</summary>
    private sealed class Form(string[] files, string[] command)
    {
        private readonly byte[][] _seeds = Array.ConvertAll(files, File.ReadAllBytes);

        public string Path => files[0];

        public byte[] Whole => _seeds[0];

        public Mutator Mutator => field ??= new Mutator(_seeds);

        public string[] Command => command;
    }
}
