using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt sample: text from a model.</summary>
internal sealed class SampleVerb : Verb
{
    private readonly ModelOption _model = new();
    private readonly Option<string?> _prompt = OptionFactory.Text(OptionFactory.PromptName, "TEXT",
        "The text to continue. An empty one starts from the configuration's begin-of-text id, else from a line end, else from id 0.");
    private readonly Option<string?> _promptFile = OptionFactory.Text("--prompt-file", "FILE", "A file whose text to continue.");
    private readonly Option<int[]?> _promptIds = new("--prompt-ids")
    {
        Description = "The ids to continue, separated by commas.",
        HelpName = "1,2,3",
        CustomParser = ParseIds,
    };
    private readonly Option<int> _tokens = OptionFactory.Whole("--tokens", "How many tokens to write.", 0, int.MaxValue);
    private readonly Option<double> _temperature =
        OptionFactory.Number("--temperature", "Under 1 safer, over 1 wilder; 0 always takes the likeliest token.");
    private readonly Option<int> _topK =
        OptionFactory.Whole("--top-k", "Choose among the K likeliest tokens only. [default: all]", 1, int.MaxValue);
    private readonly Option<int> _samples = OptionFactory.Whole("--samples", "How many samples to write.", 1, int.MaxValue);
    private readonly Option<ulong> _seed = OptionFactory.Whole("--seed", "Decides the random numbers.", ulong.MinValue, ulong.MaxValue);
    private readonly Option<bool> _ids = new("--ids") { Description = "Write ids, prompt included, one line a sample." };
    private readonly Option<bool> _stats = new("--stats") { Description = "Say on standard error how many tokens a second were written." };
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>(
        "--unknown", "What to do with characters of the prompt that the vocabulary does not have. [default: error]");

    public SampleVerb()
        : base("sample", "Writes text from a model, as it is made.")
    {
        SamplingOptions defaults = new();
        _tokens.DefaultValueFactory = _ => 200;
        _temperature.DefaultValueFactory = _ => defaults.Temperature;
        _samples.DefaultValueFactory = _ => 1;
        _seed.DefaultValueFactory = _ => defaults.Seed;
        foreach (Option option in (IEnumerable<Option>)
            [_model, _prompt, _promptFile, _promptIds, _tokens, _temperature, _topK, _samples, _seed, _ids, _stats, _unknown])
            Options.Add(option);
    }

    public override string Example => "minigpt sample --model runs/tiny --prompt \"ROMEO:\" --tokens 300 --temperature 0.8";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        SamplingOptions sampling = new()
        {
            Temperature = arguments.GetValue(_temperature),
            TopK = arguments.IsGiven(_topK) ? arguments.GetValue(_topK) : null,
            Seed = arguments.GetValue(_seed),
        };
        UsageException.Check(sampling.Validate);
        CheckPrompts(arguments);

        LoadedModel<float> model = ModelFile.Load<float>(_model.PathOf(arguments), arguments.GetValue(_unknown));
        bool writesIds = arguments.GetValue(_ids);
        if (model.Tokenizer is null && !writesIds)
            throw new UsageException($"{model.Path} has no tokenizer to write text with: --ids writes ids, --prompt-ids gives a prompt");
        int[] prompt = ReadPrompt(arguments, model);
        int[] start = prompt.Length > 0 ? prompt : [Prompt.Start(model.Gpt.Config, model.Tokenizer)];

        using Generator<float> generator = new(model.Gpt);
        int samples = arguments.GetValue(_samples), tokens = arguments.GetValue(_tokens);
        long made = 0, begin = Stopwatch.GetTimestamp();
        for (int sample = 0; sample < samples; sample++)
        {
            IEnumerable<int> ids = generator.Generate(start, sampling, sample).Take(tokens);
            if (writesIds)
            {
                made += Stream(start, ids, (id, isFirst) => isFirst ? $"{id}" : $" {id}", cancellationToken);
                continue;
            }

            if (samples > 1)
                Console.Out.WriteLine(sample == 0 ? $"== sample 1 of {samples} ==" : $"\n== sample {sample + 1} of {samples} ==");
            made += Stream(prompt, ids, (id, _) => model.Tokenizer!.Decode([id]), cancellationToken);
        }

        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        if (arguments.GetValue(_stats))
            Talk.Say($"{made:N0} tokens in {seconds:F2} s: {made / seconds:N1} tokens/s");
        return 0;
    }

    /// <summary>Writes a prompt and, as they are made, the ids that follow it. Returns how many these were.</summary>
    private static int Stream(int[] prompt, IEnumerable<int> ids, Func<int, bool, string> write, CancellationToken cancellationToken)
    {
        for (int i = 0; i < prompt.Length; i++)
            Console.Out.Write(write(prompt[i], i == 0));
        int made = 0;
        foreach (int id in ids)
        {
            if (cancellationToken.IsCancellationRequested)
                break;
            Console.Out.Write(write(id, made == 0 && prompt.Length == 0));
            made++;
        }
        Console.Out.WriteLine();
        cancellationToken.ThrowIfCancellationRequested();
        return made;
    }

    private void CheckPrompts(ParseResult arguments)
    {
        Option[] prompts = [_prompt, _promptFile, _promptIds];
        string[] given = [.. prompts.Where(arguments.IsGiven).Select(option => option.Name)];
        if (given.Length > 1)
            throw new UsageException($"{string.Join(" and ", given)} are given: one prompt expected");
    }

    private int[] ReadPrompt(ParseResult arguments, LoadedModel<float> model)
    {
        if (arguments.IsGiven(_promptIds))
            return arguments.GetValue(_promptIds)!;
        string text = arguments.GetValue(_promptFile) is string file ? File.ReadAllText(file) : arguments.GetValue(_prompt) ?? "";
        if (text.Length > 0 && model.Tokenizer is null)
            throw new UsageException($"{model.Path} has no tokenizer to read a prompt with: --prompt-ids gives one as ids");
        return model.Tokenizer?.Encode(text) ?? [];
    }

    private static int[]? ParseIds(ArgumentResult result)
    {
        string text = result.Tokens is [Token token, ..] ? token.Value : "";
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
            {
                result.AddError($"--prompt-ids: '{text}' found, ids separated by commas expected");
                return null;
            }
        }
        return ids;
    }
}
