using Microsoft.Playwright;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Debian's Chromium without a window, for the tests of a class.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";
    private const float MostMilliseconds = 120_000;

    private static readonly string[] s_arguments =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium))
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium, Args = s_arguments });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens a file, each of its pixels that many of the screen's. Where there is no Chromium, the test is skipped.</summary>
    internal Task<OpenPage> Open(string file, int width = 1000, ColorScheme scheme = ColorScheme.Light, float pixels = 1) =>
        Open(new Uri($"file://{file}"), width, scheme, pixels: pixels);

    /// <summary>Opens what a service shows.</summary>
    internal async Task<OpenPage> Open(Uri address, int width = 1000, ColorScheme scheme = ColorScheme.Light, string language = "en", float pixels = 1)
    {
        Assert.SkipWhen(_browser is null, $"there is no {Chromium}; apt-get install chromium fonts-noto-cjk brings it");
        IPage page = await _browser!.NewPageAsync(new BrowserNewPageOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = scheme,
            DeviceScaleFactor = pixels,
            ReducedMotion = ReducedMotion.Reduce,
            Locale = language,
        });
        page.SetDefaultTimeout(MostMilliseconds); // other work on the machine may hold the browser up for long
        OpenPage open = new(page);
        await page.GotoAsync(address.OriginalString);
        return open;
    }
}

/// <summary>A page, and what it said and asked for on the way.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    public OpenPage(IPage page)
    {
        Page = page;
        page.Console += (_, message) => Complaints.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, message) => Complaints.Add(message);
        page.Dialog += (_, dialog) => Complaints.Add($"dialog: {dialog.Message}");
        page.Request += (_, request) => Requests.Add(request.Url);
    }

    public IPage Page { get; }

    public List<string> Complaints { get; } = [];

    public List<string> Requests { get; } = [];

    /// <summary>Brings a figure into view and waits until it is drawn; says how often it has been drawn.</summary>
    public async Task<int> Draw(string figure)
    {
        await Page.EvalOnSelectorAsync($"#{figure}", "node => node.scrollIntoView({ block: 'center', behavior: 'instant' })");
        await Page.WaitForFunctionAsync("id => document.getElementById(id).dataset.drawn", figure);
        return await Page.EvalOnSelectorAsync<int>($"#{figure}", "node => Number(node.dataset.drawn)");
    }

    /// <summary>Does something that changes a figure, and waits until it is drawn anew.</summary>
    public async Task Redraw(string figure, Func<Task> change)
    {
        int before = await Draw(figure);
        await change();
        await Page.WaitForFunctionAsync("([id, before]) => Number(document.getElementById(id).dataset.drawn) > before", new object[] { figure, before });
    }

    /// <summary>Opens the table under a figure, which the page fills a moment after the click.</summary>
    public async Task OpenTable(string figure)
    {
        await Page.ClickAsync($"#{figure} summary");
        await Page.Locator($"#{figure} td").First.WaitForAsync();
    }

    public Task<string[]> Figures() => Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('figure')].map(figure => figure.id)");

    public async ValueTask DisposeAsync() => await Page.CloseAsync();
}
