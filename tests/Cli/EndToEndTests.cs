using System.Text.Json;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Cli;

public sealed class EndToEndTests : IDisposable
{
    private static readonly string s_model = Fixtures.File("gpt2-tiny");
    private static readonly string[] s_small =
        ["--layers", "1", "--width", "16", "--heads", "2", "--context", "8", "--schedule", "constant", "--data", "text.txt"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_small_model_is_trained_resumed_sampled_evaluated_and_inspected()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));

        Minigpt.Success(_folder.Root, ["train", .. s_small, "--steps", "5", "--out", "whole"]);
        string[] files = ["config.json", "model.safetensors", "tokenizer.json", "training.json", "optimizer.safetensors", "metrics.jsonl"];
        foreach (string file in files)
            Assert.True(File.Exists(_folder.File($"whole/{file}")), file);

        Minigpt.Success(_folder.Root, ["train", .. s_small, "--steps", "3", "--out", "parts", "--threads", "1"]);
        Minigpt.Success(_folder.Root, "train", "--resume", "parts", "--steps", "5");
        Assert.Equal(Bytes("whole/model.safetensors"), Bytes("parts/model.safetensors"));

        string text = Minigpt.Success(_folder.Root, "sample", "--model", "whole", "--prompt", "To be", "--tokens", "10");
        Assert.StartsWith("To be", text);
        Assert.Equal(text, Minigpt.Success(_folder.Root, "sample", "--model", "whole", "--prompt", "To be", "--tokens", "10"));

        JsonElement evaluation = Json(Minigpt.Success(_folder.Root, "eval", "--model", "whole", "--data", "text.txt", "--json"));
        double loss = evaluation.GetProperty("loss").GetDouble();
        long tokens = evaluation.GetProperty("tokens").GetInt64();
        Assert.Equal(new FileInfo(_folder.File("text.txt")).Length - 1, tokens);
        Assert.Equal(Math.Exp(loss), evaluation.GetProperty("perplexity").GetDouble(), 1e-9);
        Assert.Equal(loss * tokens / Math.Log(2) / (tokens + 1), evaluation.GetProperty("bits_per_byte").GetDouble(), 1e-9);

        JsonElement inspection = Json(Minigpt.Success(_folder.Root, "inspect", "whole", "--json"));
        Assert.Equal(16, inspection.GetProperty("config").GetProperty("hidden_size").GetInt32());
        Assert.Equal(5, inspection.GetProperty("training").GetProperty("step").GetInt32());
        Assert.Contains("model.embed_tokens.weight", Minigpt.Success(_folder.Root, "inspect", "whole"));
    }

    [Theory]
    [InlineData("rnn")]
    [InlineData("gru")]
    [InlineData("lstm")]
    public void A_recurrent_network_is_trained_resumed_sampled_evaluated_and_inspected(string architecture)
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));
        string[] train =
        [
            "train", "--architecture", architecture, "--data", "text.txt", "--layers", "2", "--width", "16", "--context", "8", "--batch-size", "4",
            "--schedule", "constant", "--eval-batches", "1", "--eval-every", "0",
        ];
        Minigpt.Success(_folder.Root, [.. train, "--steps", "6", "--out", "whole"]);
        Minigpt.Success(_folder.Root, [.. train, "--steps", "3", "--out", "parts"]);
        Minigpt.Success(_folder.Root, "train", "--resume", "parts", "--steps", "6");
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(_folder.File($"whole/{file}")), File.ReadAllBytes(_folder.File($"parts/{file}")));

        Assert.StartsWith("To be", Minigpt.Success(_folder.Root, "sample", "--model", "whole", "--prompt", "To be", "--tokens", "40"), StringComparison.Ordinal);
        Assert.InRange(Json(Minigpt.Success(_folder.Root, "eval", "--model", "whole", "--data", "text.txt", "--json")).GetProperty("loss").GetDouble(), 0.1, 4);
        double last = JsonDocument.Parse(File.ReadLines(_folder.File("whole/metrics.jsonl")).Last()).RootElement.GetProperty("validation_loss").GetDouble();
        Assert.Equal(last, Json(Minigpt.Success(_folder.Root, "eval", "--model", "whole", "--json")).GetProperty("loss").GetDouble(), 1e-6);
        Assert.Contains($"\"recurrence\":\"{architecture}\"", Minigpt.Success(_folder.Root, "inspect", "whole"), StringComparison.Ordinal);
        Minigpt.Refusal(_folder.Root, 1, "a recurrent network has none", "explain", "--model", "whole", "--text", "To be", "--out", "page.html");
        Minigpt.Refusal(_folder.Root, 1, "which GGUF does not know", "convert", "--from", "whole", "--to", "whole.gguf");
        Minigpt.Refusal(_folder.Root, 2, "--heads is for transformers", [.. train, "--heads", "2", "--out", "other"]);
    }

    [Theory]
    [InlineData("bpe", 0)]
    [InlineData("gpt2", 50256)]
    public void The_end_of_text_token_ends_texts_in_folders_and_GGUF_and_begins_them_where_training_met_it(string tokenizer, int id)
    {
        string[] size = tokenizer == "bpe" ? ["--vocab-size", "300"] : [];
        Directory.CreateDirectory(_folder.File("books"));
        foreach (string document in (string[])["one", "other"])
            _folder.Write($"books/{document}.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));
        foreach ((string name, string data, bool isMet) in ((string, string, bool)[])[("single", "books/one.txt", false), ("several", "books", true)])
        {
            Minigpt.Success(_folder.Root, ["train", .. s_small[..^2], "--data", data, "--tokenizer", tokenizer, .. size, "--steps", "1", "--out", name]);
            Minigpt.Success(_folder.Root, "convert", "--from", name, "--to", $"{name}.gguf");
            Assert.Equal((isMet ? id : null, id), Ends(name));
            Assert.Equal((id, id), Ends($"{name}.gguf")); // llama.cpp would take token 11 for one that is not named
        }

        (int?, int?) Ends(string model)
        {
            JsonElement config = Json(Minigpt.Success(_folder.Root, "inspect", model, "--json")).GetProperty("config");
            return (Id("bos_token_id"), Id("eos_token_id"));

            int? Id(string key) => config.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;
        }
    }

    [Theory]
    [InlineData(50257)]
    [InlineData(18, "--tokenizer", "char")]
    public void The_preset_gpt2_has_GPT_2s_vocabulary_unless_another_tokenizer_is_asked_for(int vocabulary, params string[] tokenizer)
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));
        Minigpt.Success(_folder.Root, ["train", "--preset", "gpt2", .. s_small, .. tokenizer, "--steps", "1", "--accumulate", "1", "--out", "run"]);
        JsonElement inspection = Json(Minigpt.Success(_folder.Root, "inspect", "run", "--json"));
        Assert.Equal(vocabulary, inspection.GetProperty("config").GetProperty("vocab_size").GetInt32());
        Assert.Equal(vocabulary, inspection.GetProperty("tokenizer").GetProperty("vocabulary_size").GetInt32());
    }

    [Fact]
    public void A_character_model_has_no_end_of_text_and_convert_says_what_llama_cpp_makes_of_that()
    {
        _folder.Write("text.txt", "To be, or not to be: that is the question.\n" + string.Concat(Enumerable.Repeat("abcdefgh", 10)));
        Minigpt.Success(_folder.Root, ["train", .. s_small, "--steps", "1", "--out", "run"]);
        Outcome outcome = Minigpt.Run(_folder.Root, "convert", "--from", "run", "--to", "run.gguf");
        Assert.Equal("note: this model has no end-of-text token: llama.cpp takes token 11 (here 'f') for one and ends a text with it",
            outcome.Error.TrimEnd());
        JsonElement config = Json(Minigpt.Success(_folder.Root, "inspect", "run.gguf", "--json")).GetProperty("config");
        Assert.Equal(JsonValueKind.Null, config.GetProperty("eos_token_id").ValueKind);
    }

    [Fact]
    public void A_model_of_Japanese_byte_pairs_is_trained_and_goes_on_with_a_prompt()
    {
        string text = Path.Combine(AppContext.BaseDirectory, "data", "wagahaiwa_nekodearu.txt");
        Minigpt.Success(_folder.Root, "train", "--tokenizer", "bpe", "--vocab-size", "1024", "--data", text, "--out", "cat",
            "--layers", "1", "--width", "16", "--heads", "2", "--context", "8", "--steps", "3", "--eval-batches", "1", "--eval-every", "0");
        Assert.StartsWith("吾輩は", Minigpt.Success(_folder.Root, "sample", "--model", "cat", "--prompt", "吾輩は", "--tokens", "20"), StringComparison.Ordinal);
        string ids = Minigpt.Success(_folder.Root, "sample", "--model", "cat", "--prompt", "吾輩は猫である", "--tokens", "0", "--ids");
        _folder.Write("ids.txt", ids);
        Assert.Equal("吾輩は猫である", Minigpt.Success(_folder.Root, "tokenize", "decode", "--tokenizer", "cat", "ids.txt"));
        _folder.Write("text.txt", "吾輩は猫である");
        Assert.Equal(ids, Minigpt.Success(_folder.Root, "tokenize", "encode", "--tokenizer", "cat", "text.txt"));
    }

    [Fact]
    public void Without_out_a_second_run_goes_beside_the_first_and_the_newest_is_sampled()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("abcdefg\n", 40)));
        Minigpt.Success(_folder.Root, ["train", .. s_small, "--steps", "1"]);
        Outcome second = Minigpt.Run(_folder.Root, ["train", .. s_small, "--steps", "1"]);
        Assert.Contains(Path.Combine("runs", "quick-2"), second.Error);
        Assert.True(File.Exists(_folder.File("runs/quick-2/model.safetensors")));
        Assert.NotEmpty(Minigpt.Success(_folder.Root, "sample"));
        Assert.Equal(2, Minigpt.Run(_folder.Root, ["train", .. s_small, "--steps", "1", "--out", "runs/quick"]).ExitCode);
        Minigpt.Success(_folder.Root, ["train", .. s_small, "--steps", "1", "--out", "runs/quick", "--overwrite"]);
    }

    [Fact]
    public void A_learned_tokenizer_is_not_replaced_by_a_run_unasked()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("abcdefg\n", 40)));
        Minigpt.Success(_folder.Root, "tokenize", "train", "--data", "text.txt", "--vocab-size", "260", "--out", "tok");
        byte[] learned = Bytes("tok/tokenizer.json");
        Outcome refused = Minigpt.Run(_folder.Root, ["train", .. s_small, "--steps", "1", "--out", "tok"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("tok holds tokenizer.json already: --overwrite", refused.Error, StringComparison.Ordinal);
        Assert.Equal(learned, Bytes("tok/tokenizer.json"));
        Minigpt.Success(_folder.Root, ["train", .. s_small, "--steps", "1", "--out", "tok", "--overwrite"]);
        Assert.False(File.Exists(_folder.File("tok/vocab.json")));
    }

    [Fact]
    public void A_report_that_may_not_be_written_and_a_damaged_best_checkpoint_are_notes()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("abcdefg\n", 40)));
        Directory.CreateDirectory(_folder.File("run/report.html.partial")); // to open a folder is unauthorized
        Outcome trained = Minigpt.Run(_folder.Root, ["train", .. s_small, "--steps", "2", "--eval-every", "1", "--out", "run"]);
        Assert.Equal(0, trained.ExitCode);
        Assert.Contains("was not written: Access to the path", trained.Error, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("run/best/training.json"), "half");
        Outcome resumed = Minigpt.Run(_folder.Root, "train", "--resume", "run", "--steps", "3");
        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("note: the best checkpoint is damaged and is ignored", resumed.Error, StringComparison.Ordinal);
    }

    public static TheoryData<string> Recorded => new(Fixtures.Decoders);

    [Theory]
    [MemberData(nameof(Recorded))]
    public void Training_a_model_of_any_family_follows_the_losses_and_gradient_norms_of_PyTorch(string folder)
    {
        string model = Fixtures.File(folder);
        JsonElement trace = Json(File.ReadAllText(Path.Combine(model, "trace.json")));
        WriteTokens(model);
        Minigpt.Success(_folder.Root,
            "train", "--init-from", model, "--data", "tokens.bin", "--out", "run", "--validation-fraction", "0",
            "--batches", "sequential", "--schedule", "constant", "--warmup-steps", "0", "--learning-rate", "1e-3", "--beta1", "0.9",
            "--beta2", "0.99", "--epsilon", "1e-8", "--weight-decay", "0.1", "--clip-norm", "1", "--dropout", "0",
            "--batch-size", $"{trace.GetProperty("batch")}", "--context", $"{trace.GetProperty("context")}",
            "--steps", "10", "--eval-every", "0", "--log-every", "1");

        JsonElement[] lines = [.. File.ReadLines(_folder.File("run/metrics.jsonl")).Select(Json)];
        Assert.Equal(10, lines.Length);
        for (int step = 0; step < lines.Length; step++)
        {
            Assert.Equal(trace.GetProperty("losses")[step].GetDouble(), lines[step].GetProperty("loss").GetDouble(), 1e-4);
            double norm = trace.GetProperty("grad_norms")[step].GetDouble();
            Assert.Equal(1, lines[step].GetProperty("gradient_norm").GetDouble() / norm, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void Greedy_ids_are_those_of_PyTorch(string folder)
    {
        string model = Fixtures.File(folder);
        JsonElement trace = Json(File.ReadAllText(Path.Combine(model, "trace.json")));
        JsonElement[] prompt = [.. trace.GetProperty("prompt").EnumerateArray()], greedy = [.. trace.GetProperty("greedy").EnumerateArray()];
        string expected = string.Join(' ', greedy);
        string found = Minigpt.Success(_folder.Root, "sample", "--model", model, "--temperature", "0", "--ids",
            "--prompt-ids", string.Join(',', prompt), "--tokens", $"{greedy.Length - prompt.Length}");
        Assert.Equal(expected, found.TrimEnd());
    }

    [Fact]
    public void Every_form_of_a_model_is_converted_sampled_inspected_and_started_from()
    {
        string[] sample = ["--temperature", "0", "--ids", "--prompt-ids", "43,7,60,32,10", "--tokens", "11"];
        string expected = Minigpt.Success(_folder.Root, ["sample", "--model", s_model, .. sample]);
        WriteTokens(s_model);
        foreach ((string to, string format) in ((string, string)[])[("tiny.gguf", "gguf"), ("tiny.bin", "llm.c"), ("tiny", "folder")])
        {
            Assert.Contains($"({format}, f32)", Minigpt.Success(_folder.Root, "convert", "--from", s_model, "--to", to));
            Assert.Equal(expected, Minigpt.Success(_folder.Root, ["sample", "--model", to, .. sample]));
            JsonElement inspection = Json(Minigpt.Success(_folder.Root, "inspect", to, "--json"));
            Assert.Equal(format, inspection.GetProperty("format").GetString());
            Assert.Equal(32, inspection.GetProperty("config").GetProperty("n_embd").GetInt32());
        }

        Assert.Contains("dropped: the file trace.json", Minigpt.Success(
            _folder.Root, "convert", "--from", s_model, "--to", "small.gguf", "--type", "q8_0"));
        Assert.Contains("Q8_0", Minigpt.Success(_folder.Root, "inspect", "small.gguf"));
        Minigpt.Success(_folder.Root, "train", "--init-from", "small.gguf", "--data", "tokens.bin", "--steps", "1", "--context", "8", "--out", "run");
        Assert.True(File.Exists(_folder.File("run/model.safetensors")));
    }

    [Fact]
    public void What_a_file_calls_its_tensors_does_not_reach_the_terminal_as_commands()
    {
        using (FileStream stream = File.Create(_folder.File("evil.safetensors")))
        {
            SafetensorsWriter writer = new(stream, [("\u001b[31mred", [1], StoredType.F32)], new Dictionary<string, string> { ["\u001b[2J"] = "\u001b" });
            writer.Write<float>([1]);
        }
        string shown = Minigpt.Success(_folder.Root, "inspect", "evil.safetensors");
        Assert.Contains("[31mred", shown);
        Assert.DoesNotContain('\u001b', shown);
    }

    [Fact]
    public void A_gradient_check_is_a_table_or_a_JSON_object_a_line()
    {
        Assert.Contains("LayerNorm", Minigpt.Success(_folder.Root, "gradcheck", "layernorm"));
        string[] lines = Minigpt.Success(_folder.Root, "gradcheck", "Softmax", "--json").TrimEnd().Split('\n');
        Assert.All(lines, line => Assert.True(Json(line).GetProperty("passed").GetBoolean()));
    }

    [Fact]
    public void A_run_is_evaluated_on_what_it_kept_and_gives_its_own_loss_again()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be, that is the question. ", 60)));
        Minigpt.Success(_folder.Root, "train", "--data", "text.txt", "--preset", "tiny", "--context", "16", "--steps", "3", "--eval-every", "2", "--out", "run");
        double logged = Json(File.ReadLines(_folder.File("run/metrics.jsonl")).Last()).GetProperty("validation_loss").GetDouble();
        Assert.Equal(logged, Json(Minigpt.Success(_folder.Root, "eval", "--model", "run", "--json")).GetProperty("loss").GetDouble(), 6);
        JsonElement training = Json(Minigpt.Success(_folder.Root, "inspect", "run", "--json")).GetProperty("training");
        Assert.Equal(logged, training.GetProperty("validation_loss").GetDouble());
        Assert.NotEqual(JsonValueKind.Null, training.GetProperty("best_validation_loss").ValueKind);

        // Its best checkpoint is a folder like its own.
        Assert.Contains("loss", Minigpt.Success(_folder.Root, "eval", "--model", "run/best"));
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, that is the question, or not. ", 60)));
        Minigpt.Refusal(_folder.Root, 2, "is not what it was when the run began", "eval", "--model", "run");
        Minigpt.Refusal(_folder.Root, 2, "--data FILE with the text to evaluate on expected", "eval", "--model", Fixtures.File("gpt2-tiny"));
    }

    [Fact]
    public void The_cuts_of_a_text_are_shown_a_token_a_line()
    {
        Outcome outcome = Minigpt.RunWithInput(_folder.Root, "To be\n", "tokenize", "encode", "--tokenizer", "gpt2", "--pieces");
        Assert.Equal("2514\t\"To\"\n307\t\" be\"\n198\t\"\\n\"\n", outcome.Output);
    }

    [Fact]
    public void The_help_says_what_the_program_ends_with() =>
        Assert.Contains("Exit codes:\n  0, 1 for a failure, 2 for wrong usage, 130 after Ctrl-C, SIGTERM or a closed terminal\n",
            Minigpt.Success(_folder.Root, "--help"), StringComparison.Ordinal);

    [Theory]
    [InlineData("train")]
    [InlineData("sample")]
    [InlineData("eval")]
    [InlineData("inspect")]
    [InlineData("convert")]
    [InlineData("gradcheck")]
    [InlineData("trace")]
    [InlineData("word2vec")]
    [InlineData("tokenize train")]
    [InlineData("tokenize encode")]
    [InlineData("tokenize decode")]
    public void The_help_of_a_verb_has_defaults_and_an_example(string verb)
    {
        string help = Minigpt.Success(_folder.Root, [.. verb.Split(' '), "--help"]);
        Assert.Contains("[default: ", help);
        Assert.Matches($"\nExample:\n  dotnet .*minigpt[.]dll {verb} ", help); // as this program was started
    }

    private void WriteTokens(string model)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(model, "trace.safetensors"));
        Assert.True(reader.TryGet("tokens", out StoredTensor? entry));
        long[] tokens = new long[entry.Count];
        reader.ReadIntegers(entry, tokens);
        _folder.Write("tokens.bin", tokens.SelectMany(id => BitConverter.GetBytes((ushort)id)).ToArray());
    }

    private byte[] Bytes(string name) => File.ReadAllBytes(_folder.File(name));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
